// The data of an experiment: one source that tasks share, or sources of their own. Validation splits are
// completed, inputs standardised where asked for, and mistakes collected.

import { checkDataset } from "../data/check-data.ts";
import type { Dataset, Splits } from "../data/dataset.ts";
import { type CompleteSplits, completeSplits } from "../data/splits.ts";
import { fitStandardisation, type Standardisation, standardised } from "../data/standardise.ts";
import { ExperimentError, expected, type Problem, show } from "../errors.ts";
import type { DataContext, DataSource } from "./define.ts";
import type { Settings } from "./settings.ts";

/** Name of the source that tasks without their own share. */
export const sharedSource = "";

export interface Source {
  /** Name of its task, or `""` for the shared one; names its permutations. */
  readonly name: string;
  readonly tasks: readonly string[];
  readonly splits: CompleteSplits;
  /** As the experiment gave them: samples counted as users count them, inputs not standardised. */
  readonly raw: Splits;
  readonly standardisation?: Standardisation;
}

/** Loads every source of the experiment, the shared one first. */
export async function loadSources(settings: Settings, context: DataContext): Promise<Source[]> {
  const names = Object.keys(settings.tasks);
  const sharing = names.filter((name) => settings.tasks[name]!.data === undefined);
  const sources: Source[] = [];
  if (sharing.length > 0) {
    sources.push(await loadSource(settings.data!, { name: sharedSource, tasks: sharing }, context));
  }
  for (const name of names) {
    const own = settings.tasks[name]!.data;
    if (own !== undefined) sources.push(await loadSource(own, { name, tasks: [name] }, context));
  }
  return sources;
}

async function loadSource(
  data: DataSource,
  owner: Pick<Source, "name" | "tasks">,
  context: DataContext,
): Promise<Source> {
  const path = owner.name === sharedSource ? "data" : `tasks.${owner.name}.data`;
  const raw = typeof data === "function" ? await call(() => data(context), path) : data;
  requireSplits(raw, path);
  const task = owner.name === sharedSource ? {} : { task: owner.name };
  const splits = completeSplits(raw, { seed: context.seed, ...task });
  if (!splits.standardise) return { ...owner, raw, splits };
  const standardisation = await fitStandardisation(splits.train);
  const apply = (dataset: Dataset) => standardised(dataset, standardisation);
  const done: CompleteSplits = {
    ...splits,
    train: apply(splits.train),
    validation: apply(splits.validation),
    ...(splits.test && { test: apply(splits.test) }),
  };
  return { ...owner, raw, splits: done, standardisation };
}

/** What a `data` function returned is the user's own code's word. */
function requireSplits(splits: Splits, path: string): void {
  const given = (splits ?? {}) as unknown as Record<string, unknown>;
  const problems = ["train", "validation", "test"]
    .filter((name) => name === "train" || given[name] !== undefined)
    .filter((name) => !isDataset(given[name]))
    .map((name) => ({
      path: `${path}.${name}`,
      code: "experiment/invalid-value" as const,
      message: expected(`${path}.${name}`, "a dataset", given[name]),
      remedy:
        "Make it with arrayDataset, csvDataset or rowDataset, or give size, inputShape, labelShapes and batch.",
    }));
  if (problems.length > 0) throw new ExperimentError(problems);
}

function isDataset(value: unknown): value is Dataset {
  const dataset = value as Partial<Dataset> | null | undefined;
  return (
    typeof dataset?.size === "number" &&
    Array.isArray(dataset.inputShape) &&
    typeof dataset.labelShapes === "object" &&
    typeof dataset.batch === "function"
  );
}

async function call<T>(run: () => T | Promise<T>, path: string): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && "remedy" in cause) throw cause;
    throw new ExperimentError([
      {
        path,
        code: "experiment/failed",
        message: `The experiment's data function threw: ${cause instanceof Error ? cause.message : show(cause)}`,
        remedy: "Correct the experiment's own code.",
      },
    ]);
  }
}

/** Mistakes in the sources' shapes: labels that are missing, inputs that differ between sources. */
export function shapeProblems(sources: readonly Source[]): Problem[] {
  return sources.flatMap((source) => [
    ...labelProblems(source),
    ...inputProblems(source, sources[0]!),
    ...splitProblems(source),
  ]);
}

function labelProblems({ name, tasks, splits }: Source): Problem[] {
  const has = splits.train.labelShapes;
  return tasks
    .filter((task) => has[task] === undefined)
    .map((task) => ({
      path: name === sharedSource ? "data" : `tasks.${name}.data`,
      code: "experiment/shape" as const,
      message: `The data has no labels for task \`${task}\`. Found labels for ${show(Object.keys(has))}.`,
      remedy: `Name the labels after the task, or give the task data of its own.`,
    }));
}

function inputProblems({ name, splits }: Source, first: Source): Problem[] {
  const found = splits.train.inputShape;
  const wanted = first.splits.train.inputShape;
  if (show([...found]) === show([...wanted])) return [];
  return [
    {
      path: `tasks.${name}.data`,
      code: "experiment/shape",
      message: `All inputs go through one trunk and should have one shape, ${show([...wanted])}. Found ${show([...found])}.`,
      remedy: "Bring the inputs of all tasks to one shape.",
    },
  ];
}

/** Splits of one source that differ in shape: a file with a column more, say. */
function splitProblems({ name, tasks, splits }: Source): Problem[] {
  const path = name === sharedSource ? "data" : `tasks.${name}.data`;
  const { train } = splits;
  return (["validation", "test"] as const).flatMap((split) => {
    const dataset = splits[split];
    if (dataset === undefined) return [];
    const shapes = [
      ["inputs", train.inputShape, dataset.inputShape] as const,
      ...tasks.map((task) => {
        return [
          `labels of \`${task}\``,
          train.labelShapes[task],
          dataset.labelShapes[task],
        ] as const;
      }),
    ];
    return shapes
      .filter(
        ([, wanted, found]) => show([...(wanted ?? [])]) !== show([...(found ?? [])]) || !found,
      )
      .map(([what, wanted, found]) => ({
        path: `${path}.${split}`,
        code: "experiment/shape" as const,
        message: `The ${what} should have train's shape, ${show([...(wanted ?? [])])}. Found ${found === undefined ? "none" : show([...found])}.`,
        remedy: "Give every split the same columns.",
      }));
  });
}

/** Scans every split for NaN, labels out of range and emptiness. */
export async function valueProblems(
  sources: readonly Source[],
  labels: (task: string) => Parameters<typeof checkDataset>[1]["tasks"][string],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { name, tasks, raw } of sources) {
    const path = name === sharedSource ? "data" : `tasks.${name}.data`;
    const checks = Object.fromEntries(tasks.map((task) => [task, labels(task)]));
    for (const split of ["train", "validation", "test"] as const) {
      const dataset = raw[split];
      if (dataset === undefined) continue;
      problems.push(...(await checkDataset(dataset, { split, tasks: checks, path })));
    }
  }
  return problems;
}
