// Arithmetic on small square matrices, chiefly G = J J^T. All in double precision; nothing is written to
// but what is returned. It knows nothing of methods.
// Letters: M = rows of the matrix.

import type { Matrix } from "../method.ts";

/** a . b; both `[M]`. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** A v, `[M]`. */
export function timesVector(matrix: Matrix, vector: ArrayLike<number>): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, vector));
}

/** v^T A v of a positive semidefinite A: never below 0, whatever the rounding. */
export function quadraticForm(matrix: Matrix, vector: ArrayLike<number>): number {
  return Math.max(0, dot(vector, timesVector(matrix, vector)));
}

/** The rows and columns of `indices`, in their order. */
export function restrict(matrix: Matrix, indices: readonly number[]): Float64Array[] {
  return indices.map((i) => Float64Array.from(indices, (j) => matrix[i]![j]!));
}

/** D A D with the diagonal matrix D of `factors`, `[M]`; symmetric to the bit where A is. */
export function rescale(matrix: Matrix, factors: ArrayLike<number>): Float64Array[] {
  return matrix.map((row, i) => row.map((value, j) => value * (factors[i]! * factors[j]!)));
}

/** A + value I. */
export function addToDiagonal(matrix: Matrix, value: number): Float64Array[] {
  return matrix.map((row, i) => row.map((entry, j) => (i === j ? entry + value : entry)));
}

/** `[M]`. */
export function diagonal(matrix: Matrix): Float64Array {
  return Float64Array.from(matrix, (row, i) => row[i]!);
}

/** Root of the sum of all squared entries. */
export function frobeniusNorm(matrix: Matrix): number {
  return Math.sqrt(matrix.reduce((sum, row) => sum + dot(row, row), 0));
}
