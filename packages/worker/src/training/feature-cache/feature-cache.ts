// The feature cache of a head phase: the frozen trunk runs once over a source's train split, in fixed
// chunks, and its outputs are kept until the trunk moves again. Labels come with them, so that the
// dataset is not read again.
// Letters: N = samples, B = batch.

import * as tf from "@tensorflow/tfjs";
import { type PreparedExperiment, type Source, trunkFeatures } from "@trunkline/core";
import { readBatch } from "../batches.ts";
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

export class FeatureCache {
  readonly #features: readonly Column[];
  readonly #labels: ReadonlyMap<string, Column>;
  readonly #weights: ReadonlyMap<string, Column>;
  /** Bytes of features that are kept in memory. */
  readonly memoryBytes: number;

  private constructor(
    columns: { features: Column[]; labels: Map<string, Column>; weights: Map<string, Column> },
    memoryBytes: number,
  ) {
    this.#features = columns.features;
    this.#labels = columns.labels;
    this.#weights = columns.weights;
    this.memoryBytes = memoryBytes;
  }

  /** Runs the trunk over the source's train split. */
  static async build(prepared: PreparedExperiment, source: Source): Promise<FeatureCache> {
    const { size } = source.splits.train;
    const shapes = prepared.network.trunk.model.outputs.map(
      (output) => output.shape.slice(1) as number[],
    );
    const bytes = shapes.reduce((sum, shape) => sum + size * widthOf(shape) * bytesPerNumber, 0);
    const inMemory = bytes <= prepared.settings.cache.memoryMiB * 2 ** 20;
    const features = shapes.map((shape) => {
      const width = widthOf(shape);
      return { shape, rows: inMemory ? memoryRows(size, width) : fileRows(width) };
    });
    const cache = new FeatureCache(
      { features, labels: new Map(), weights: new Map() },
      inMemory ? bytes : 0,
    );
    await cache.#fill(prepared, source);
    return cache;
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
    for (const { rows } of this.#features) rows.dispose();
  }

  async #fill(prepared: PreparedExperiment, source: Source): Promise<void> {
    const { train } = source.splits;
    const { evaluationBatchSize, seed } = prepared.settings;
    for (let first = 0; first < train.size; first += evaluationBatchSize) {
      const length = Math.min(evaluationBatchSize, train.size - first);
      const indices = Uint32Array.from({ length }, (_, i) => first + i);
      const draws = { seed, source: source.name, epoch: 0, step: 0 };
      const batch = await readBatch(train, indices, draws);
      const inputs = tf.tensor(batch.inputs, [length, ...train.inputShape]);
      const features = trunkFeatures(prepared.network, inputs);
      for (const [i, feature] of features.entries()) {
        this.#features[i]!.rows.write(first, (await feature.data()) as Float32Array);
      }
      tf.dispose([inputs, ...features]);
      for (const task of source.tasks) {
        const shape = train.labelShapes[task]!;
        put(this.#labels, { task, shape, size: train.size }, first, batch.labels[task]!);
        const weights = batch.sampleWeights?.[task];
        if (weights !== undefined) {
          put(this.#weights, { task, shape: [], size: train.size }, first, weights);
        }
      }
    }
  }
}

function put(
  columns: ReadonlyMap<string, Column>,
  { task, shape, size }: { task: string; shape: readonly number[]; size: number },
  first: number,
  values: Float32Array,
): void {
  const writable = columns as Map<string, Column>;
  const column = writable.get(task) ?? { shape, rows: memoryRows(size, widthOf(shape)) };
  writable.set(task, column);
  column.rows.write(first, values);
}

function widthOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}
