// Forward passes through trunk and heads. The shared trunk runs once whatever the number of tasks:
// tasks with the same input share its rows, other inputs are appended along the batch axis.
// Letters: B = samples of one input, F = trunk outputs.

import * as tf from "@tensorflow/tfjs";
import { withGreedyRoutes, withSampledRoutes } from "../routing/task-pass.ts";
import { type RowSegment, withDraws } from "./draw-context.ts";
import type { Network, NetworkPart } from "./network.ts";

/** Names the random numbers of one step. */
export interface StepDraws {
  /** The run's seed. */
  seed: number;
  epoch: number;
  step: number;
  /**
   * Position of the first row in the whole batch, where this is a slice of it.
   * @default 0
   */
  firstRow?: number;
  /**
   * Steps of the run so far, over all epochs: what the temperature of routed layers follows.
   * @default 0
   */
  globalStep?: number;
}

/** Who wants features of which rows. */
export interface TaskInputs {
  task: string;
  /**
   * Names the trunk's masks for these rows: `""` where the inputs are shared, else the task. A property
   * of the experiment, not of the tasks that happen to be here.
   */
  source: string;
  /** `[B, ...inputShape]`; the very same tensor object where tasks share their input. */
  inputs: tf.Tensor;
}

/**
 * Features of every task's inputs from one pass of the trunk in training mode; per task `F` tensors
 * `[B, ...]`, equal objects where inputs are. A trunk with routed layers has a pass for each task instead.
 * The caller disposes, or is inside a tidy.
 */
export function trainingFeatures(
  network: Network,
  tasks: readonly TaskInputs[],
  draws: StepDraws,
): tf.Tensor[][] {
  if (!network.isRouted) return sharedFeatures(network, tasks, draws);
  return tasks.flatMap((task) =>
    withSampledRoutes(network, task.task, draws, () => sharedFeatures(network, [task], draws)),
  );
}

/** One pass for all tasks, whatever routes are in force. */
function sharedFeatures(
  network: Network,
  tasks: readonly TaskInputs[],
  draws: StepDraws,
): tf.Tensor[][] {
  const sources = new Map(tasks.map(({ inputs, source }) => [inputs, source]));
  const distinct = [...sources.keys()];
  const segments = [...sources].map(([inputs, source]) => segmentOf(draws, source, inputs));
  const joined = distinct.length === 1 ? distinct[0]! : tf.concat(distinct, 0);
  const { seed, epoch, step } = draws;
  const outputs = withDraws({ seed, block: "trunk", epoch, step, segments }, () =>
    apply(network.trunk.model, joined, true),
  );
  const parts = splitRows(outputs, segments);
  return tasks.map(({ inputs }) => parts[distinct.indexOf(inputs)]!);
}

/** Outputs `[B, ...]` of a head in training mode. Borrows all `F` features. */
export function trainingOutput(
  head: NetworkPart,
  task: string,
  features: readonly tf.Tensor[],
  draws: StepDraws,
): tf.Tensor {
  const { seed, epoch, step } = draws;
  const segments = [segmentOf(draws, task, features[0]!)];
  return withDraws({ seed, block: "head", epoch, step, segments }, () =>
    headOutput(head, features, true),
  );
}

/** Outputs `[B, ...]` of a head. Borrows the features and takes as many as the head has inputs. */
export function headOutput(
  head: NetworkPart,
  features: readonly tf.Tensor[],
  training: boolean,
): tf.Tensor {
  const taken = features.slice(0, head.model.inputs.length);
  return apply(head.model, taken.length === 1 ? taken[0]! : taken, training)[0]!;
}

/**
 * `F` features `[B, ...]` of a batch with the trunk frozen, by the routes that a training step of the task
 * draws; inside a tidy.
 */
export function frozenFeatures(
  network: Network,
  { task, inputs }: { task: string; inputs: tf.Tensor },
  draws: StepDraws,
): tf.Tensor[] {
  const run = () => apply(network.trunk.model, inputs, false);
  return withSampledRoutes(network, task, draws, run);
}

/**
 * `F` features `[B, ...]` of a batch, in inference mode; the caller disposes.
 *
 * @param task - Whose, where the trunk has routed layers; without them all tasks have the same.
 */
export function trunkFeatures(network: Network, inputs: tf.Tensor, task?: string): tf.Tensor[] {
  const run = () => tf.tidy(() => apply(network.trunk.model, inputs, false));
  return task === undefined ? run() : withGreedyRoutes(network, task, run);
}

/** Outputs `[B, ...]` of one task, in inference mode; the caller disposes. */
export function predict(network: Network, task: string, inputs: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const features = trunkFeatures(network, inputs, task);
    return headOutput(network.head(task), features, false);
  });
}

function apply(
  model: tf.LayersModel,
  inputs: tf.Tensor | tf.Tensor[],
  training: boolean,
): tf.Tensor[] {
  const outputs = model.apply(inputs, { training }) as tf.Tensor | tf.Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

function segmentOf(draws: StepDraws, task: string, rowsOf: tf.Tensor): RowSegment {
  return { task, rows: rowsOf.shape[0]!, firstRow: draws.firstRow ?? 0 };
}

/** Per segment the rows of every output. */
function splitRows(outputs: tf.Tensor[], segments: readonly RowSegment[]): tf.Tensor[][] {
  if (segments.length === 1) return [outputs];
  const sizes = segments.map(({ rows }) => rows);
  const pieces = outputs.map((output) => tf.split(output, sizes, 0));
  return segments.map((_, i) => pieces.map((piece) => piece[i]!));
}
