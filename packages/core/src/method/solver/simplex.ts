// The probability simplex {w >= 0, sum w = 1}: projection on it, and descent of a smooth convex function
// on it.

import { dot } from "./gram.ts";

const maximalIterations = 5000;
/** Moves below this are rounding. */
const smallestMove = 1e-13;
/** The first bound on the curvature; it only grows, since a bound that falls again never settles. */
const flattest = 1e-3;

/**
 * Nearest point of the simplex: max(0, v - theta), with theta from the sorted entries (Held, Wolfe &
 * Crowder, Validation of subgradient optimization, 1974; Duchi et al., 2008, Figure 1).
 *
 * @param vector - v, `[M]`, finite, M at least 1.
 */
export function projectOnSimplex(vector: ArrayLike<number>): Float64Array {
  const descending = Float64Array.from(vector).sort().reverse();
  let sum = 0;
  let theta = 0;
  for (let i = 0; i < descending.length; i++) {
    sum += descending[i]!;
    const candidate = (sum - 1) / (i + 1);
    if (descending[i]! > candidate) theta = candidate;
  }
  return Float64Array.from(vector, (value) => Math.max(0, value - theta));
}

export interface SmoothFunction {
  value(point: Float64Array): number;
  gradient(point: Float64Array): Float64Array;
}

/**
 * Minimum of a smooth convex function over the simplex of M entries, from its centre: accelerated
 * projected gradient with backtracking (Beck & Teboulle, FISTA, 2009), restarted where the momentum points
 * uphill (O'Donoghue & Candes, Adaptive Restart, 2015, the gradient scheme).
 */
export function minimiseOnSimplex(size: number, f: SmoothFunction): Float64Array {
  let point: Float64Array = new Float64Array(size).fill(1 / size);
  let ahead = point;
  let momentum = 1;
  let curvature = flattest;
  for (let iteration = 0; iteration < maximalIterations; iteration++) {
    const step = descend(f, ahead, curvature);
    const move = subtract(step.point, point);
    const restart = dot(subtract(ahead, step.point), move) > 0;
    const next = restart ? 1 : (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const carry = restart ? 0 : (momentum - 1) / next;
    const settled = largest(subtract(step.point, ahead)) < smallestMove;
    ahead = step.point.map((value, i) => value + carry * move[i]!);
    point = step.point;
    momentum = next;
    curvature = step.curvature;
    if (settled && largest(move) < smallestMove) break;
  }
  return point;
}

/** One projected gradient step from `from`, with the least tried curvature that bounds f along it. */
function descend(f: SmoothFunction, from: Float64Array, curvature: number) {
  const value = f.value(from);
  const gradient = f.gradient(from);
  const slack = 1e-15 * Math.abs(value);
  for (let bound = curvature; ; bound *= 2) {
    const point = projectOnSimplex(from.map((entry, i) => entry - gradient[i]! / bound));
    const move = subtract(point, from);
    const model = value + dot(gradient, move) + (bound / 2) * dot(move, move);
    if (f.value(point) <= model + slack || bound > 1e30) return { point, curvature: bound };
  }
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}

function largest(vector: Float64Array): number {
  return vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
