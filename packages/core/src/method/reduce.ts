// Reduction of the shards' vectors. Float sums depend on their order, so it is always the shards' own
// order, whatever the order of arrival.
// Letters: P = length of the trunk, S = shards.

import type { StepMethod } from "./method.ts";

/**
 * Sum in shard order, in float32 after every addition.
 *
 * @param shards - S vectors `[P]`, by shard; the first one is overwritten with the sum.
 * @returns The first vector.
 */
export function sumShards(shards: readonly Float32Array[]): Float32Array {
  const sum = shards[0]!;
  for (let s = 1; s < shards.length; s++) {
    const next = shards[s]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += next[i]!;
  }
  return sum;
}

/** Mean in shard order, for batch-norm statistics; overwrites and returns the first vector. */
export function meanShards(shards: readonly Float32Array[]): Float32Array {
  const sum = sumShards(shards);
  for (let i = 0; i < sum.length; i++) sum[i]! /= shards.length;
  return sum;
}

/** Index of the first value that is NaN or infinite, or -1. */
export function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return i;
  return -1;
}

/**
 * `out[i] = sum_k weights[k] rows[k][i]`, in task order, in float32 after every addition. The same numbers
 * whoever computes them: a worker for its shard, or the coordinator for the rows of one.
 *
 * @param rows - Borrowed; of equal length, as `out`.
 */
export function weightedSum(
  rows: readonly Float32Array[],
  weights: readonly number[],
  out: Float32Array,
): Float32Array {
  out.fill(0);
  for (const [k, row] of rows.entries()) {
    const weight = weights[k]!;
    for (let i = 0; i < out.length; i++) out[i]! += weight * row[i]!;
  }
  return out;
}

/** Adds the inner products of all pairs of rows to `gram` `[M, M]`, in double precision. */
export function addInnerProducts(
  gram: readonly Float64Array[],
  rows: readonly Float32Array[],
): void {
  for (const [i, a] of rows.entries()) {
    for (let j = 0; j <= i; j++) {
      const b = rows[j]!;
      let sum = 0;
      for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
      gram[i]![j]! += sum;
      if (j < i) gram[j]![i] = gram[i]![j]!;
    }
  }
}

/** Factors on the tasks' steps that a step method's reduction comes to: lambda_k, over their sum for the mean. */
export function reductionWeights(
  { reduction }: Pick<StepMethod, "reduction">,
  lambdas: readonly number[],
): number[] {
  const divisor = reduction === "mean" ? lambdas.reduce((sum, lambda) => sum + lambda, 0) : 1;
  return lambdas.map((lambda) => lambda / divisor);
}
