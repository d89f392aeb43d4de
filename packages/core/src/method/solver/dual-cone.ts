// Projection on the dual cone {x : J x >= 0} of M vectors, from their Gram matrix alone.

import type { Matrix } from "../method.ts";
import { timesVector } from "./gram.ts";

const maximalSweeps = 10_000;
/** Relative to the largest entry: a sweep that moves nothing by more has arrived. */
const smallestMove = 1e-14;

/**
 * v = argmin of v^T G v subject to v >= u, element by element. Then J^T v is the projection of J^T u on
 * {x : J x >= 0}. By coordinate descent on z = v - u >= 0: z_j <- max(0, z_j - (G v)_j / G_jj), which
 * ends where G v >= 0, z >= 0 and z (G v) = 0.
 *
 * @param gram - G, `[M, M]`, positive semidefinite, with a positive diagonal.
 * @param lower - u, `[M]`.
 * @returns v, `[M]`.
 */
export function projectOnDualCone(gram: Matrix, lower: ArrayLike<number>): Float64Array {
  const v = Float64Array.from(lower);
  const slopes = timesVector(gram, v);
  for (let sweep = 0; sweep < maximalSweeps; sweep++) {
    let moved = 0;
    let scale = 0;
    for (let j = 0; j < v.length; j++) {
      moved = Math.max(moved, Math.abs(moveOne(gram, lower, j, v, slopes)));
      scale = Math.max(scale, Math.abs(v[j]!));
    }
    if (moved <= smallestMove * scale) break;
  }
  return v;
}

/** The best v_j with the others as they are; keeps `slopes` = G v. Returns its move. */
function moveOne(
  gram: Matrix,
  lower: ArrayLike<number>,
  j: number,
  v: Float64Array,
  slopes: Float64Array,
): number {
  const row = gram[j]!;
  const target = Math.max(lower[j]!, v[j]! - slopes[j]! / row[j]!);
  const move = target - v[j]!;
  if (move === 0) return 0;
  v[j] = target;
  for (let i = 0; i < slopes.length; i++) slopes[i]! += move * row[i]!;
  return move;
}
