// All of a dataset in order, in chunks that fit into memory. The chunks are a function of the dataset's
// size and shape alone, so that sums over them come out the same everywhere.

import { drawsFor } from "../random/draws.ts";
import { sizeOf } from "./arrays.ts";
import type { Batch, Dataset } from "./dataset.ts";

export interface Chunk {
  /** Index of the chunk's first sample. */
  first: number;
  /** Number of its samples. */
  rows: number;
  batch: Batch;
}

/** Input values of one chunk: 4 MiB as float32. */
const chunkValues = 2 ** 20;
/** Enough that the cost of a call is small against that of its rows. */
const mostRows = 4096;

/** Chunks of all samples. An augmenting dataset draws as in step 0 of epoch 0, with seed 0. */
export async function* chunksOf(dataset: Dataset): AsyncGenerator<Chunk> {
  const fitting = Math.floor(chunkValues / Math.max(1, sizeOf(dataset.inputShape)));
  const most = Math.min(mostRows, Math.max(1, fitting));
  for (let first = 0; first < dataset.size; first += most) {
    const rows = Math.min(most, dataset.size - first);
    const indices = Uint32Array.from({ length: rows }, (_, i) => first + i);
    yield { first, rows, batch: await fixedBatch(dataset, indices) };
  }
}

/** A batch outside of training: the same one each time. */
export async function fixedBatch(dataset: Dataset, indices: ArrayLike<number>): Promise<Batch> {
  const draw = drawsFor({ seed: 0, purpose: "data", epoch: 0, step: 0 });
  return dataset.batch(indices, { epoch: 0, training: false, draw });
}
