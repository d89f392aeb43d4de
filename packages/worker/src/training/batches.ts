// Batches of a step as tensors. Which samples make a batch is the experiment's business; here they are
// read once per source and step, however many shards of this worker want them.

import * as tf from "@tensorflow/tfjs";
import {
  type Batch,
  type BatchPlan,
  createBatchPlan,
  type Dataset,
  drawsFor,
  type PreparedExperiment,
  type Source,
  sizeOf,
} from "@trunkline/core";

/** One step of one stream of batches. */
export interface BatchKey {
  /** Global epoch. */
  epoch: number;
  /** Within the epoch. */
  step: number;
  /** `""` for the trunk's own permutation. */
  stream: string;
}

/** A batch of one source on the device. */
export interface SourceBatch {
  /** `[B, ...inputShape]` */
  inputs: tf.Tensor;
  /** By task, `[B, ...labelShape]`. */
  labels: ReadonlyMap<string, tf.Tensor>;
  /** By task, `[B]`; only tasks that have weights. */
  sampleWeights: ReadonlyMap<string, tf.Tensor1D>;
}

/** What a dataset is told of a read beside the indices. */
export interface ReadContext extends BatchKey {
  /** The run's seed. */
  seed: number;
  /** Name of the source. */
  source: string;
  training: boolean;
}

/** The context of reading a split as it is, in evaluation and for the cache. */
export function plainRead(seed: number, source: Source): ReadContext {
  return { seed, source: source.name, epoch: 0, step: 0, stream: "", training: false };
}

/** Reads a source's samples; draws of an augmenting dataset are named by source, stream, epoch, step. */
export async function readBatch(
  dataset: Dataset,
  indices: ArrayLike<number>,
  { seed, source, stream, epoch, step, training }: ReadContext,
): Promise<Batch> {
  const purpose = stream === "" ? "augment" : `augment/${stream}`;
  const draw = drawsFor({ seed, purpose, task: source, epoch, step });
  return dataset.batch(indices, { epoch, training, draw });
}

/** Owns the tensors of the latest step. */
export class Batches {
  readonly #prepared: PreparedExperiment;
  readonly #plans = new Map<string, BatchPlan>();
  #key = "";
  readonly #current = new Map<string, SourceBatch>();

  constructor(prepared: PreparedExperiment) {
    this.#prepared = prepared;
  }

  /** The batch of a source; borrowed until the next step is asked for or `release` is called. */
  async of(source: Source, key: BatchKey): Promise<SourceBatch> {
    const name = `${key.stream}/${key.epoch}/${key.step}`;
    if (name !== this.#key) this.release();
    this.#key = name;
    const known = this.#current.get(source.name);
    if (known !== undefined) return known;
    const { seed } = this.#prepared.settings;
    const context = { ...key, seed, source: source.name, training: true };
    const indices = this.indices(source, key);
    const batch = toTensors(source, await readBatch(source.splits.train, indices, context));
    this.#current.set(source.name, batch);
    return batch;
  }

  indices(source: Source, { epoch, step, stream }: BatchKey): Uint32Array {
    return this.#plan(source, stream).indices(epoch, step);
  }

  release(): void {
    for (const batch of this.#current.values()) disposeBatch(batch);
    this.#current.clear();
    this.#key = "";
  }

  #plan(source: Source, stream: string): BatchPlan {
    const key = `${source.name}/${stream}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const { seed, batchSize } = this.#prepared.settings;
    const { size } = source.splits.train;
    const plan = createBatchPlan({ size, batchSize, seed, task: source.name, stream });
    this.#plans.set(key, plan);
    return plan;
  }
}

function toTensors(source: Source, batch: Batch): SourceBatch {
  const { inputShape, labelShapes } = source.splits.train;
  const rows = batch.inputs.length / sizeOf(inputShape);
  const labels = source.tasks.map(
    (task) => [task, tf.tensor(batch.labels[task]!, [rows, ...labelShapes[task]!])] as const,
  );
  const weights = Object.entries(batch.sampleWeights ?? {})
    .filter(([task]) => source.tasks.includes(task))
    .map(([task, values]) => [task, tf.tensor1d(values)] as const);
  return {
    inputs: tf.tensor(batch.inputs, [rows, ...inputShape]),
    labels: new Map(labels),
    sampleWeights: new Map(weights),
  };
}

function disposeBatch({ inputs, labels, sampleWeights }: SourceBatch): void {
  tf.dispose([inputs, ...labels.values(), ...sampleWeights.values()]);
}
