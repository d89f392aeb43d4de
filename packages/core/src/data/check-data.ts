// Mistakes in a split's numbers, found before training: values that are not finite, labels outside of what
// their loss can use, batches of another size than announced. Losses and models are not known here; what
// a task's labels should be is told.

import { type Problem, show } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { sizeOf } from "./arrays.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import type { Batch, Dataset } from "./dataset.ts";
import { type FirstProblems, firstProblems } from "./first-problems.ts";
import {
  type Fault,
  type FaultOf,
  faultOfFinite,
  faultOfLabel,
  type LabelRules,
} from "./label-rules.ts";

export interface CheckDatasetOptions {
  /** Which split it is, for messages. */
  split: "train" | "validation" | "test";
  /** Tasks that take their labels from the dataset. */
  tasks: Readonly<Record<string, LabelRules>>;
  /** Path of the splits, as `data` or `tasks.left.data`. */
  path: string;
}

/** One array of each batch: the inputs, or a task's labels or weights. */
interface Checked {
  path: string;
  /** As messages call its values. */
  subject: "Inputs" | "Labels" | "Sample weights";
  /** Shape of one sample's values. */
  shape: readonly number[];
  /** Undefined where the batch lacks the array. */
  valuesOf: (batch: Batch) => Float32Array | undefined;
  faultOf: FaultOf;
  problems: FirstProblems;
}

/**
 * All mistakes in a split: the first of its kind in each feature, with the number of others like it.
 * Reads the split once, in chunks; messages count samples from 0. An augmenting dataset is checked as
 * it is in the first step.
 */
export async function checkDataset(
  dataset: Dataset,
  { split, tasks, path }: CheckDatasetOptions,
): Promise<Problem[]> {
  const splitPath = `${path}.${split}`;
  if (!(dataset.size > 0)) return [emptySplit(splitPath)];
  const has = (task: string) => Object.hasOwn(dataset.labelShapes, task);
  const known = Object.entries(tasks).filter(([task]) => has(task));
  const arrays = [
    checkedInputs(splitPath, dataset),
    ...known.map(([task, rules]) =>
      checkedLabels(splitPath, dataset.labelShapes[task]!, task, rules),
    ),
    ...known.map(([task]) => checkedWeights(splitPath, task)),
  ];
  for await (const chunk of chunksOf(dataset)) for (const each of arrays) check(each, chunk);
  const unknown = Object.keys(tasks).filter((task) => !has(task));
  return [
    ...unknown.map((task) => noLabels(splitPath, task, dataset)),
    ...arrays.flatMap(({ problems }) => problems.list()),
  ];
}

function checkedInputs(path: string, { inputShape }: Dataset): Checked {
  return {
    path,
    subject: "Inputs",
    shape: inputShape,
    valuesOf: (batch) => batch.inputs,
    faultOf: faultOfFinite,
    problems: firstProblems(),
  };
}

function checkedLabels(
  path: string,
  shape: readonly number[],
  task: string,
  rules: LabelRules,
): Checked {
  return {
    path: `${path}.labels.${task}`,
    subject: "Labels",
    shape,
    valuesOf: (batch) => batch.labels[task] ?? new Float32Array(0),
    faultOf: faultOfLabel(rulesPerValue(rules, sizeOf(shape))),
    problems: firstProblems(),
  };
}

/** The rules of single values, of which a sample's label has `width`. */
function rulesPerValue(rules: LabelRules, width: number): LabelRules {
  if (rules.labels !== "class" || width === 1) return rules;
  // As many numbers as outputs: probabilities.
  return { ...rules, labels: "binary" };
}

function checkedWeights(path: string, task: string): Checked {
  return {
    path: `${path}.sampleWeights.${task}`,
    subject: "Sample weights",
    shape: [],
    valuesOf: (batch) => batch.sampleWeights?.[task],
    faultOf: faultOfFinite,
    problems: firstProblems(),
  };
}

function check(checked: Checked, { first, rows, batch }: Chunk): void {
  const values = checked.valuesOf(batch);
  if (values === undefined) return;
  const width = sizeOf(checked.shape);
  if (values.length !== rows * width) {
    checked.problems.add("length", () => wrongLength(checked, rows, values.length));
    return;
  }
  // Nearly all inputs end here, without a call per value.
  if (checked.faultOf === faultOfFinite && allFinite(values)) return;
  for (let i = 0; i < values.length; i++) {
    const fault = checked.faultOf(values[i]!);
    if (fault === undefined) continue;
    const place = { sample: first + Math.floor(i / width), feature: i % width };
    checked.problems.add(`${fault.code} ${place.feature}`, () =>
      faulty(checked, fault, place, values[i]!),
    );
  }
}

function allFinite(values: Float32Array): boolean {
  const length = values.length;
  // The difference is NaN for NaN and infinities, and NaN equals nothing.
  for (let i = 0; i < length; i++) if (values[i]! - values[i]! !== 0) return false;
  return true;
}

function faulty(
  { path, subject, shape }: Checked,
  { code, should, remedy }: Fault,
  place: { sample: number; feature: number },
  value: number,
): Problem {
  const where = `sample ${place.sample}${featureName(place.feature, shape)}`;
  const message = `${subject} should be ${should}. Found ${show(value)} in ${where}.`;
  return { path, code, message, remedy };
}

/** `, feature 3` of a vector, `, position [0, 3]` of more axes, nothing of a single number. */
function featureName(index: number, shape: readonly number[]): string {
  if (shape.length === 0) return "";
  if (shape.length === 1) return `, feature ${index}`;
  const position: number[] = [];
  let rest = index;
  for (const length of shape.toReversed()) {
    position.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `, position ${show(position)}`;
}

function wrongLength({ path, subject, shape }: Checked, rows: number, found: number): Problem {
  const announced = `${rows} × ${show([...shape])}`;
  return {
    path,
    code: "experiment/shape",
    message: `${subject} of a batch should be ${announced} values. Found ${found}.`,
    remedy: "Make the dataset's `batch` return what its shapes announce.",
  };
}

function emptySplit(path: string): Problem {
  return {
    path,
    code: "data/empty",
    message: "The split has no samples.",
    remedy: "Give at least one sample, or leave the split out.",
  };
}

function noLabels(path: string, task: string, { labelShapes }: Dataset): Problem {
  const known = Object.keys(labelShapes);
  return {
    path: `${path}.labels.${task}`,
    code: "experiment/shape",
    message: `The data has no labels of task \`${task}\`.${didYouMean(task, known)}`,
    remedy: "Name labels as their tasks are named.",
  };
}
