// The feature cache of a head phase: the frozen trunk runs once over a source's train split, in fixed
// chunks, and its outputs are kept until the trunk moves again. Labels come with them, so that the
// dataset is not read again. What is over the memory it is given goes to files.
// Letters: N = samples, B = batch.

import * as tf from "@tensorflow/tfjs";
import {
  type Batch,
  type PreparedExperiment,
  type Source,
  sizeOf,
  trunkFeatures,
} from "@trunkline/core";
import { plainRead, readBatch } from "../batches.ts";
import type { Dropped } from "../now-and-then.ts";
import { fileRows, memoryRows, type RowStore } from "./row-store.ts";

const bytesPerNumber = 4;

/** One tensor of the batches to come: an output of the trunk, labels, or sample weights. */
interface Column {
  rows: RowStore;
  /** Shape of one sample. */
  shape: readonly number[];
}

/** Features and labels of one batch; the caller disposes. */
export interface CachedBatch {
  features: tf.Tensor[];
  labels: ReadonlyMap<string, tf.Tensor>;
  sampleWeights: ReadonlyMap<string, tf.Tensor1D>;
}

export interface FeatureCacheOptions {
  /** Memory that its columns may take. */
  budgetBytes: number;
  /** Asked between chunks. */
  dropped: Dropped;
}

export class FeatureCache {
  readonly #size: number;
  readonly #budgetBytes: number;
  readonly #features: Column[] = [];
  readonly #labels = new Map<string, Column>();
  readonly #weights = new Map<string, Column>();
  #memoryBytes = 0;

  private constructor(size: number, budgetBytes: number) {
    this.#size = size;
    this.#budgetBytes = budgetBytes;
  }

  /** Runs the trunk over the source's train split; null where the work was dropped meanwhile. */
  static async build(
    prepared: PreparedExperiment,
    source: Source,
    { budgetBytes, dropped }: FeatureCacheOptions,
  ): Promise<FeatureCache | null> {
    const cache = new FeatureCache(source.splits.train.size, budgetBytes);
    let isFull = false;
    try {
      isFull = await cache.#fill(prepared, source, dropped);
    } finally {
      if (!isFull) cache.dispose();
    }
    return isFull ? cache : null;
  }

  /** Bytes of features, labels and sample weights that are kept in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The samples of these indices. */
  batch(indices: ArrayLike<number>): CachedBatch {
    const read = ({ rows, shape }: Column) =>
      tf.tensor(rows.read(indices), [indices.length, ...shape]);
    const named = (columns: ReadonlyMap<string, Column>) =>
      new Map([...columns].map(([task, column]) => [task, read(column)] as const));
    return {
      features: this.#features.map(read),
      labels: named(this.#labels),
      sampleWeights: named(this.#weights) as Map<string, tf.Tensor1D>,
    };
  }

  dispose(): void {
    const columns = [...this.#features, ...this.#labels.values(), ...this.#weights.values()];
    for (const { rows } of columns) rows.dispose();
  }

  /** False where the work was dropped. */
  async #fill(prepared: PreparedExperiment, source: Source, dropped: Dropped): Promise<boolean> {
    const { train } = source.splits;
    const { evaluationBatchSize, seed } = prepared.settings;
    for (let first = 0; first < train.size; first += evaluationBatchSize) {
      if (await dropped()) return false;
      const length = Math.min(evaluationBatchSize, train.size - first);
      const indices = Uint32Array.from({ length }, (_, i) => first + i);
      const batch = await readBatch(train, indices, plainRead(seed, source));
      const inputs = tf.tensor(batch.inputs, [length, ...train.inputShape]);
      const features = trunkFeatures(prepared.network, inputs);
      try {
        for (const [i, feature] of features.entries()) await this.#addFeature(i, first, feature);
      } finally {
        tf.dispose([inputs, ...features]);
      }
      this.#addLabels(source, first, batch);
    }
    return true;
  }

  /** The model's own shapes may leave axes open; those of the first chunk do not. */
  async #addFeature(index: number, first: number, feature: tf.Tensor): Promise<void> {
    this.#features[index] ??= this.#column(feature.shape.slice(1));
    this.#features[index].rows.write(first, (await feature.data()) as Float32Array);
  }

  #addLabels({ tasks, splits }: Source, first: number, batch: Batch): void {
    for (const task of tasks) {
      const shape = splits.train.labelShapes[task]!;
      this.#put(this.#labels, { task, shape }, first, batch.labels[task]!);
      const weights = batch.sampleWeights?.[task];
      if (weights !== undefined) this.#put(this.#weights, { task, shape: [] }, first, weights);
    }
  }

  #put(
    columns: Map<string, Column>,
    { task, shape }: { task: string; shape: readonly number[] },
    first: number,
    values: Float32Array,
  ): void {
    const column = columns.get(task) ?? this.#column(shape);
    columns.set(task, column);
    column.rows.write(first, values);
  }

  /** In memory where it fits into what is left of it. */
  #column(shape: readonly number[]): Column {
    const width = sizeOf(shape);
    const bytes = this.#size * width * bytesPerNumber;
    if (this.#memoryBytes + bytes > this.#budgetBytes) return { shape, rows: fileRows(width) };
    this.#memoryBytes += bytes;
    return { shape, rows: memoryRows(this.#size, width) };
  }
}
