// What users write: an experiment is a name, options with defaults, and a function from options to
// everything that a run needs. Plain data wherever possible, so that a run's record can hold it.

import type { ByteSource } from "../data/byte-source.ts";
import type { Splits } from "../data/dataset.ts";
import type { LossFunction, LossName } from "../loss/names.ts";
import type { Normalisation } from "../method/method.ts";
import type { MethodName, MethodSpec } from "../method/registry.ts";
import type { Metric } from "../metrics/metric.ts";
import type { HeadFactory, TrunkFactory } from "../model/network.ts";
import type { OptimizerSpec } from "../optimizer/spec.ts";
import type { RoutingSettings } from "../routing/settings.ts";
import type { ScheduleSpec } from "../schedule/registry.ts";

export type OptionValue = string | number | boolean;
export type Options = Readonly<Record<string, OptionValue>>;

export interface DataContext {
  /** The run's seed; draw from it with `drawsFor`. */
  seed: number;
  /** A file, by a path relative to the experiment's own folder or by an absolute one. */
  open(path: string): ByteSource;
}

export type DataSource = Splits | ((context: DataContext) => Splits | Promise<Splits>);

export interface TaskDefinition {
  /** Makes the head on the trunk's outputs; its last layer gives logits where the loss wants them. */
  head: HeadFactory;
  loss: LossName | LossFunction;
  /** Names (`accuracy`, `top5`, `auc`, `mae`, `rmse`, `explainedVariance`) or named functions. @default [] */
  metrics?: readonly (string | Metric)[];
  /** lambda_k, the task's weight in the total loss. @default 1 */
  weight?: number;
  /** The task's own data; its labels then have the task's name. @default the experiment's data */
  data?: DataSource;
  /** Weight of each class, for softmax cross-entropy. @default 1 each */
  classWeights?: readonly number[];
  /** Weight of the positive term of sigmoid cross-entropy. @default 1 */
  positiveWeight?: number;
  /** Allow labels that are missing (NaN); they count in neither loss nor metrics. @default false */
  missingLabels?: boolean;
}

export interface Clip {
  /** Each component of the gradient into [-value, value]. */
  value?: number;
  /** The whole gradient of a block to at most this Euclidean norm (each head is a block). */
  globalNorm?: number;
}

export interface BlockOptimizers {
  trunk: OptimizerSpec;
  heads: OptimizerSpec;
}

export interface CacheSettings {
  /** Keep the trunk's outputs in head phases instead of computing them at each epoch. @default true */
  enabled?: boolean;
  /**
   * Memory of one worker for the features, labels and sample weights of all sources that it keeps, in MiB;
   * what is over goes to files.
   * @default 1024
   */
  memoryMiB?: number;
}

export interface RowsSettings {
  /** Most memory for the gradients of all tasks, in MiB; more is an error before training. @default 2048 */
  memoryMiB?: number;
  /**
   * Send each gradient for its inner products only and then the shard's weighted sum: less memory at the
   * coordinator, one more vector per shard on the wire, and the same bits.
   * @default false
   */
  twoPass?: boolean;
  /**
   * Length of the stretches that gradients are sent in, in KiB per task. Other than in multiples of 4 it
   * changes bits.
   * @default 1024
   */
  stretchKiB?: number;
}

export interface EarlyStoppingSettings {
  /** Epochs without improvement of the validation loss after which the run stops. */
  patience: number;
  /** Least decrease of the validation loss that counts as improvement. @default 0 */
  minDelta?: number;
  /** End with the best weights instead of the last ones. @default true */
  restoreBest?: boolean;
}

/** What `build` returns. */
export interface ExperimentSettings {
  trunk: TrunkFactory;
  tasks: Readonly<Record<string, TaskDefinition>>;
  /** Data that all tasks without their own share. */
  data?: DataSource;
  /** Names of the tasks to train; the others are as if they were not there. @default all */
  only?: readonly string[];
  /** @default 0 */
  seed?: number;
  /** @default 10 */
  epochs?: number;
  /** @default 32 */
  batchSize?: number;
  /** @default ateSg() */
  schedule?: ScheduleSpec;
  /** One optimizer per block. @default sgd({ learningRate: 0.01 }) for both */
  optimizer?: BlockOptimizers;
  /** How task gradients become the trunk's step: `pcgrad()` and the others, or a name. @default ew() */
  method?: MethodName | MethodSpec;
  /** Let the method's weights multiply the heads' gradients too. @default as the method was published */
  scaleHeads?: boolean;
  /** What the method's weights are scaled to. @default as the method was published */
  normalise?: Normalisation;
  /** The tasks' gradients at the coordinator, for methods that look at them together. */
  rows?: RowsSettings;
  /** Steps from one report of conflicts, weights and norms to the next. @default 20 */
  conflictEvery?: number;
  /** How routed layers of the trunk are trained; for trunks that have some. */
  routing?: RoutingSettings;
  /** Groups of tasks, the unit of assignment. @default min(number of tasks, 8) */
  shards?: number;
  /** How a shared phase is divided among workers. @default "tasks" */
  layout?: "tasks";
  /** Gradient clipping, by block. @default none */
  clip?: { trunk?: Clip; heads?: Clip };
  cache?: CacheSettings;
  /** Evaluate on validation every that many cycles. @default 1 */
  evaluateEvery?: number;
  /** Samples per chunk in evaluation and of the feature cache; chunks are fixed. @default 256 */
  evaluationBatchSize?: number;
  earlyStopping?: EarlyStoppingSettings;
}

export interface ExperimentDefinition<O extends Options> {
  name: string;
  /** Options with their defaults; `--set KEY=VALUE` changes them. @default {} */
  options?: O;
  build(options: Widened<O>): ExperimentSettings;
}

/** Literal defaults widened to their types, so that `tasks: 2` is a number in `build`. */
export type Widened<O extends Options> = {
  [K in keyof O]: O[K] extends number ? number : O[K] extends string ? string : boolean;
};

/** An experiment as its module exports it. */
export interface Experiment {
  readonly kind: "trunkline-experiment";
  readonly name: string;
  readonly options: Options;
  build(options: Options): ExperimentSettings;
}

/**
 * Defines an experiment; the default export of an experiment module.
 *
 * @example
 * export default defineExperiment({
 *   name: "two-tasks",
 *   options: { width: 64 },
 *   build: ({ width }) => ({ data, trunk, tasks: { left: { head, loss: "softmaxCrossEntropy" } } }),
 * });
 */
export function defineExperiment<const O extends Options>(
  definition: ExperimentDefinition<O>,
): Experiment {
  return {
    kind: "trunkline-experiment",
    name: definition.name,
    options: definition.options ?? {},
    build: (options) => definition.build(options as Widened<O>),
  };
}
