// The shortest vector in the convex hull of M vectors, from their Gram matrix alone.

import type { Matrix } from "../method.ts";
import { solvePositiveDefinite } from "./cholesky.ts";
import { addToDiagonal, diagonal, dot, restrict, timesVector } from "./gram.ts";

/** Share of the largest diagonal entry that is added to the diagonal: makes the answer unique. */
const ridge = 1e-12;
/** Relative to the largest diagonal entry: a vertex that promises less than this does not enter. */
const tolerance = 1e-14;

/**
 * argmin of a^T G a over the simplex, by Wolfe's algorithm (Finding the nearest point in a polytope, 1976):
 * Frank-Wolfe steps that each go to the minimum over the affine hull of the vertices in use. It ends after
 * finitely many steps, at full precision, where plain Frank-Wolfe steps only creep up on the solution.
 * Among several solutions it takes the most even one, by a ridge of 1e-12.
 *
 * @param gram - G, `[M, M]`, positive semidefinite, symmetric to the bit, not all zero.
 * @returns a, `[M]`.
 */
export function minNormWeights(gram: Matrix): Float64Array {
  const size = gram.length;
  const unit = Math.max(...diagonal(gram));
  const matrix = addToDiagonal(gram, ridge * unit);
  let weights = new Float64Array(size);
  weights[indexOfLeast(diagonal(matrix))] = 1;
  for (let iteration = 0; iteration < 10 * size; iteration++) {
    const slopes = timesVector(matrix, weights);
    const entering = indexOfLeast(slopes);
    if (slopes[entering]! >= dot(weights, slopes) - tolerance * unit) break;
    if (weights[entering]! > 0) break;
    const corrected = correct(matrix, weights, entering, unit);
    if (corrected === undefined) break;
    weights = corrected;
  }
  return weights;
}

/** Minimum over the hull of the vertices in use and `entering`; those that leave it are dropped. */
function correct(matrix: Matrix, weights: Float64Array, entering: number, unit: number) {
  let used = [...weights.keys()].filter((i) => weights[i]! > 0 || i === entering);
  let current = weights;
  while (true) {
    const target = affineMinimum(restrict(matrix, used), unit);
    if (target === undefined) return undefined;
    if (target.every((value) => value > 0)) return scatter(target, used, weights.length);
    const from = current;
    const share = Math.min(
      ...used.map((i, s) => (target[s]! <= 0 ? from[i]! / (from[i]! - target[s]!) : 1)),
    );
    const moved = used.map((i, s) => from[i]! + share * (target[s]! - from[i]!));
    // The vertex that stopped the move is at 0 up to rounding, or is the entering one at 0.
    const kept = used.filter((_, s) => target[s]! > 0 || moved[s]! > 1e-15);
    if (kept.length === used.length || kept.length === 0) return undefined;
    current = scatter(
      kept.map((i) => moved[used.indexOf(i)]!),
      kept,
      weights.length,
    );
    used = kept;
  }
}

/** argmin of w^T A w over sum w = 1: proportional to (A + u 1 1^T)^-1 1 for any u. */
function affineMinimum(matrix: Matrix, unit: number): number[] | undefined {
  const lifted = matrix.map((row) => row.map((value) => value + unit));
  const solution = solvePositiveDefinite(lifted, new Float64Array(matrix.length).fill(1));
  if (solution === undefined) return undefined;
  const sum = solution.reduce((total, value) => total + value, 0);
  return Array.from(solution, (value) => value / sum);
}

function scatter(values: readonly number[], indices: readonly number[], size: number) {
  const result = new Float64Array(size);
  indices.forEach((index, s) => {
    result[index] = values[s]!;
  });
  return result;
}

function indexOfLeast(values: Float64Array): number {
  return values.indexOf(Math.min(...values));
}
