// Losses and metrics of tasks over a whole split, in fixed chunks and fixed order, so that the figures do
// not depend on who computed them.
// Letters: N = samples of the split, D = outputs, L = numbers of a label.

import * as tf from "@tensorflow/tfjs";
import {
  type Batch,
  headOutput,
  labelsPerTerm,
  lossOutputs,
  metricByName,
  metricName,
  outputSize,
  type PreparedExperiment,
  RunError,
  type Source,
  type Split,
  sizeOf,
  type TaskScore,
  trunkFeatures,
  unmaskedCount,
} from "@trunkline/core";
import { plainRead, readBatch } from "./batches.ts";
import { requireFinite } from "./losses.ts";
import { type Dropped, nowAndThen } from "./now-and-then.ts";
import type { TaskTerms } from "./task-batches.ts";

interface Collected {
  /** `[N, D]` */
  outputs: Float32Array;
  /** `[N, L]` */
  labels: Float32Array;
  lossSum: number;
  terms: number;
  done: number;
}

export interface EvaluateOptions {
  tasks: readonly string[];
  split: Split;
}

/** Scores of tasks on a split; tasks of one source share the trunk's pass where nothing is routed. */
export async function evaluateTasks(
  prepared: PreparedExperiment,
  terms: TaskTerms,
  options: EvaluateOptions,
): Promise<Record<string, TaskScore>> {
  const scores = await evaluateUnlessDropped(prepared, terms, options, async () => false);
  return scores!;
}

/** As {@link evaluateTasks}; asks between chunks, and is null where the work was dropped. */
export async function evaluateUnlessDropped(
  prepared: PreparedExperiment,
  terms: TaskTerms,
  { tasks, split }: EvaluateOptions,
  dropped: Dropped,
): Promise<Record<string, TaskScore> | null> {
  const isDropped = nowAndThen(dropped);
  const scores: Record<string, TaskScore> = {};
  for (const source of prepared.sources) {
    const wanted = tasks.filter((task) => source.tasks.includes(task));
    if (wanted.length === 0) continue;
    const pass = { source, tasks: wanted, split, isDropped };
    const found = await evaluateSource(prepared, terms, pass);
    if (found === null) return null;
    Object.assign(scores, found);
  }
  return scores;
}

interface SourcePass {
  source: Source;
  tasks: readonly string[];
  split: Split;
  isDropped: Dropped;
}

async function evaluateSource(
  prepared: PreparedExperiment,
  terms: TaskTerms,
  { source, tasks, split, isDropped }: SourcePass,
): Promise<Record<string, TaskScore> | null> {
  const dataset = source.splits[split]!;
  const { evaluationBatchSize, seed } = prepared.settings;
  const collected = new Map(tasks.map((task) => [task, emptyFor(prepared, task, dataset.size)]));
  for (let first = 0; first < dataset.size; first += evaluationBatchSize) {
    if (await isDropped()) return null;
    const length = Math.min(evaluationBatchSize, dataset.size - first);
    const indices = Uint32Array.from({ length }, (_, i) => first + i);
    const batch = await readBatch(dataset, indices, plainRead(seed, source));
    await addChunk(prepared, terms, { batch, source, collected, length });
  }
  return Object.fromEntries(
    tasks.map((task) => [task, scoreOf(prepared, task, collected.get(task)!, dataset.size)]),
  );
}

function emptyFor(prepared: PreparedExperiment, task: string, size: number): Collected {
  const labelShape = prepared.sourceOf(task).splits.train.labelShapes[task]!;
  const labelSize = sizeOf(labelShape);
  return {
    outputs: new Float32Array(size * outputSize(prepared, task)),
    labels: new Float32Array(size * labelSize),
    lossSum: 0,
    terms: 0,
    done: 0,
  };
}

interface Chunk {
  batch: Batch;
  source: Source;
  collected: ReadonlyMap<string, Collected>;
  length: number;
}

async function addChunk(
  { network, settings }: PreparedExperiment,
  terms: TaskTerms,
  { batch, source, collected, length }: Chunk,
): Promise<void> {
  const { inputShape, labelShapes } = source.splits.train;
  const inputs = tf.tensor(batch.inputs, [length, ...inputShape]);
  const shared = network.isRouted ? null : trunkFeatures(network, inputs);
  for (const [task, into] of collected) {
    const features = shared ?? trunkFeatures(network, inputs, task);
    const labels = tf.tensor(batch.labels[task]!, [length, ...labelShapes[task]!]);
    const weights = batch.sampleWeights?.[task];
    const sampleWeights = weights && tf.tensor1d(weights);
    const outputs = tf.tidy(() => headOutput(network.head(task), features, false));
    const sum = terms.loss(task)(labels, outputs, { sampleWeights, divisor: 1 });
    const perTerm = labelsPerTerm(
      settings.tasks[task]!.loss,
      labelShapes[task]!,
      outputs.shape.slice(1),
    );
    into.outputs.set((await outputs.data()) as Float32Array, (into.done * outputs.size) / length);
    into.labels.set(batch.labels[task]!, (into.done * labels.size) / length);
    into.lossSum += (await sum.data())[0]!;
    into.terms += unmaskedCount(batch.labels[task]!, perTerm);
    into.done += length;
    tf.dispose([labels, outputs, sum, ...(sampleWeights ? [sampleWeights] : [])]);
    if (shared === null) tf.dispose(features);
  }
  tf.dispose([inputs, ...(shared ?? [])]);
}

function scoreOf(
  prepared: PreparedExperiment,
  task: string,
  { outputs, labels, lossSum, terms }: Collected,
  size: number,
): TaskScore {
  const settings = prepared.settings.tasks[task]!;
  const labelKind = lossOutputs(settings.loss).labels;
  const sizes = { outputSize: outputSize(prepared, task), labelSize: labels.length / size };
  const predictions = { size, outputs, labels, labelKind, ...sizes };
  const loss = lossSum / Math.max(1, terms);
  requireFinite({ [task]: loss });
  const metrics = settings.metrics.map((metric) => {
    const name = metricName(metric);
    const compute = typeof metric === "string" ? metricByName(metric) : metric;
    return [name, finite(compute(predictions), name, task)] as const;
  });
  return { loss, metrics: Object.fromEntries(metrics) };
}

function finite(value: number, metric: string, task: string): number {
  if (Number.isFinite(value)) return value;
  throw new RunError(
    "run/not-finite",
    `The metric \`${metric}\` of task \`${task}\` became ${value}.`,
    {
      remedy:
        "Lower the learning rate; a metric of your own should be finite for every prediction.",
      details: { metric, task, value },
    },
  );
}
