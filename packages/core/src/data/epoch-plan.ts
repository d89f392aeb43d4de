// Which samples make up which batch. A pure function of seed, task, stream, epoch and step: whoever
// resumes or takes over a shard finds the same batches without being told.

import { drawsFor } from "../random/draws.ts";
import { permutation } from "../random/permutation.ts";

export interface BatchPlanOptions {
  /** Samples of the task's own data, at least one. */
  size: number;
  batchSize: number;
  /** The run's seed. */
  seed: number;
  /** Where the task has its own data. @default none: data that tasks share */
  task?: string;
  /** Names a permutation independent of the trunk's, as for the heads' own batches. @default "" */
  stream?: string;
}

export interface BatchPlan {
  /** The step's samples; the caller's own. */
  indices(epoch: number, step: number): Uint32Array;
}

/** Steps of one epoch: as many as the largest task needs, the last partial batch counted. */
export function stepsPerEpoch(sizeOfLargest: number, batchSize: number): number {
  return Math.ceil(sizeOfLargest / batchSize);
}

/**
 * The batches of a run; keeps the last permutation, 4 bytes per sample. Each epoch goes through a new permutation of the samples; where a task is smaller
 * than the epoch's largest, it goes through as many permutations as it takes, each with its own last
 * partial batch.
 */
export function createBatchPlan(options: BatchPlanOptions): BatchPlan {
  const { size, batchSize, seed, task, stream = "" } = options;
  const purpose = stream === "" ? "batches" : `batches/${stream}`;
  const stepsPerPass = Math.ceil(size / batchSize);
  let kept: { epoch: number; pass: number; order: Uint32Array } | undefined;

  function orderOf(epoch: number, pass: number): Uint32Array {
    if (kept?.epoch !== epoch || kept.pass !== pass) {
      const name = task === undefined ? { purpose } : { purpose, task };
      const draw = drawsFor({ ...name, seed, epoch, step: pass });
      kept = { epoch, pass, order: permutation(size, draw) };
    }
    return kept.order;
  }

  function indices(epoch: number, step: number): Uint32Array {
    const start = (step % stepsPerPass) * batchSize;
    const pass = Math.floor(step / stepsPerPass);
    return orderOf(epoch, pass).slice(start, start + batchSize);
  }

  return { indices };
}
