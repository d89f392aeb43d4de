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

/**
 * Numbers of each row that are in hand at once: those of 100 rows, 400 KiB, stay in a core's cache while all
 * pairs of them are multiplied.
 */
const blockLength = 1024;

/**
 * Adds the inner products of all pairs of rows to `gram` `[M, M]`, in double precision, symmetric to the bit.
 * A product depends on its two rows alone, added up block by block: rows that are taken in stretches of a
 * multiple of 1024 numbers have the same products, to the bit, as rows that are taken whole.
 *
 * @param rows - `[M]`, of equal length; borrowed.
 */
export function addInnerProducts(
  gram: readonly Float64Array[],
  rows: readonly Float32Array[],
): void {
  const length = rows[0]!.length;
  for (let from = 0; from < length; from += blockLength) {
    const block = { from, to: Math.min(from + blockLength, length) };
    for (let i = 0; i < rows.length; i += 2) {
      for (let j = 0; j <= i; j += 2) addFourProducts(gram, rows, block, i, j);
    }
  }
  for (const [i, products] of gram.entries()) {
    for (let j = 0; j < i; j++) gram[j]![i] = products[j]!;
  }
}

/**
 * Rows i and i + 1 by rows j and j + 1, below the diagonal: four products for the loads of two, in sums that
 * do not wait for each other. An odd last row stands in for the one that is missing.
 */
function addFourProducts(
  gram: readonly Float64Array[],
  rows: readonly Float32Array[],
  { from, to }: { from: number; to: number },
  i: number,
  j: number,
): void {
  const a = rows[i]!;
  const b = rows[i + 1] ?? a;
  const c = rows[j]!;
  const d = rows[j + 1] ?? c;
  let ac = 0;
  let ad = 0;
  let bc = 0;
  let bd = 0;
  for (let at = from; at < to; at++) {
    ac += a[at]! * c[at]!;
    ad += a[at]! * d[at]!;
    bc += b[at]! * c[at]!;
    bd += b[at]! * d[at]!;
  }
  gram[i]![j]! += ac;
  if (j < i) gram[i]![j + 1]! += ad;
  if (i + 1 === rows.length) return;
  gram[i + 1]![j]! += bc;
  gram[i + 1]![j + 1]! += bd;
}

/** Factors on the tasks' steps that a step method's reduction comes to: lambda_k, over their sum for the mean. */
export function reductionWeights(
  { reduction }: Pick<StepMethod, "reduction">,
  lambdas: readonly number[],
): number[] {
  const divisor = reduction === "mean" ? lambdas.reduce((sum, lambda) => sum + lambda, 0) : 1;
  return lambdas.map((lambda) => lambda / divisor);
}
