// What training sees of data: sizes, shapes and batches by index. Where the samples are kept (memory,
// a file read by ranges, a generator) is the dataset's own business.
// Letters: B = samples of a batch.

import type { Random } from "../random/random.ts";

/** Labels and weights of one batch, by task. Arrays are row-major and belong to the caller. */
export interface Batch {
  /** `[B, ...inputShape]`. */
  inputs: Float32Array;
  /** Per task `[B, ...labelShape]`; NaN is a missing label. */
  labels: Readonly<Record<string, Float32Array>>;
  /** Per task `[B]`; a task without an entry has weight 1 everywhere. */
  sampleWeights?: Readonly<Record<string, Float32Array>>;
}

export interface BatchContext {
  /** Global epoch; 0 in evaluation. */
  epoch: number;
  /**
   * True in batches that train. False in evaluation and wherever all of a split is read: standardisation,
   * checks, the fingerprint, the feature cache.
   */
  training: boolean;
  /**
   * The only randomness that a dataset may use; a function of seed, source, epoch and step, and of
   * whether trunk or heads draw batches of their own.
   */
  draw: Random;
}

export interface Dataset {
  readonly size: number;
  /** Shape of one sample's input. */
  readonly inputShape: readonly number[];
  /** Shape of one sample's label, by task; `[]` is a single number. */
  readonly labelShapes: Readonly<Record<string, readonly number[]>>;
  /**
   * True where equal indices give other inputs at other draws, or while training; turns the feature cache
   * off.
   */
  readonly augments?: boolean;
  batch(indices: ArrayLike<number>, context: BatchContext): Batch | Promise<Batch>;
}

export interface Splits {
  train: Dataset;
  /** @default 10 % of train, drawn by the run's seed */
  validation?: Dataset;
  /** @default none; results are then those of the validation split, and say so */
  test?: Dataset;
  /**
   * Standardise inputs to zero mean and unit variance per last-axis feature, fitted on train only and
   * exported with the model.
   * @default false
   */
  standardise?: boolean;
}
