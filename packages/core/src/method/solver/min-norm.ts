// The shortest vector in the convex hull of M vectors, from their Gram matrix alone.

import type { Matrix } from "../method.ts";
import { solvePositiveDefinite } from "./cholesky.ts";
import { diagonal, dot, restrict, timesVector } from "./gram.ts";

/** Share of each diagonal entry that is added to it: makes the answer unique. */
const ridge = 1e-12;
/** Relative to the products that it is a difference of: a vertex that promises less does not enter. */
const tolerance = 1e-14;

/**
 * argmin of a^T G a over the simplex, by Wolfe's algorithm (Finding the nearest point in a polytope, 1976):
 * Frank-Wolfe steps that each go to the minimum over the affine hull of the vertices in use. It ends after
 * finitely many steps, at full precision, where plain Frank-Wolfe steps only creep up on the solution.
 * Among several solutions it takes an even one, by a ridge of 1e-12. All is relative to each vector's own
 * length, so that short ones count beside long ones.
 *
 * @param gram - G, `[M, M]`, positive semidefinite, symmetric to the bit, not all zero.
 * @returns a, `[M]`.
 */
export function minNormWeights(gram: Matrix): Float64Array {
  const size = gram.length;
  const matrix = gram.map((row, i) =>
    row.map((value, j) => (i === j ? value * (1 + ridge) : value)),
  );
  const norms = diagonal(matrix).map(Math.sqrt);
  let weights = new Float64Array(size);
  weights[indexOfLeast(norms)] = 1;
  for (let iteration = 0; iteration < 10 * size; iteration++) {
    const entering = enteringVertex(matrix, norms, weights);
    if (entering === undefined || weights[entering]! > 0) break;
    const corrected = correct(matrix, weights, entering);
    if (corrected === undefined) break;
    weights = corrected;
  }
  return weights;
}

/** The vertex that promises most for its length, if one promises anything. */
function enteringVertex(matrix: Matrix, norms: Float64Array, weights: Float64Array) {
  const slopes = timesVector(matrix, weights);
  const value = dot(weights, slopes);
  const longest = Math.max(...weights.map((weight, i) => weight * norms[i]!));
  if (longest === 0) return undefined;
  const promises = slopes.map((slope, i) => (slope - value) / (norms[i]! + longest));
  const entering = indexOfLeast(promises);
  return promises[entering]! < -tolerance * longest ? entering : undefined;
}

/** Minimum over the hull of the vertices in use and `entering`; those that leave it are dropped. */
function correct(matrix: Matrix, weights: Float64Array, entering: number) {
  let used = [...weights.keys()].filter((i) => weights[i]! > 0 || i === entering);
  let current = weights;
  while (true) {
    const target = affineMinimum(restrict(matrix, used));
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

/**
 * argmin of w^T A w over sum w = 1: proportional to A^-1 1. With A = D C D, unit diagonal in C, and any u,
 * D w is proportional to (C + u r r^T)^-1 r where r = D^-1 1.
 */
function affineMinimum(matrix: Matrix): number[] | undefined {
  const norms = diagonal(matrix).map(Math.sqrt);
  const least = Math.min(...norms);
  const r = norms.map((norm) => least / norm);
  const lifted = matrix.map((row, i) =>
    row.map((value, j) => value / (norms[i]! * norms[j]!) + r[i]! * r[j]!),
  );
  const solution = solvePositiveDefinite(lifted, r);
  if (solution === undefined) return undefined;
  const shares = solution.map((value, i) => value * r[i]!);
  const sum = shares.reduce((total, value) => total + value, 0);
  return Array.from(shares, (value) => value / sum);
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
