// The point where every vector's gain equals a power of its weight: the bargaining solution of Nash-MTL and
// FairGrad, by damped Newton steps.
// Letters: M = vectors, C = their cosines, q = scales, e = exponent, y = q b = the unknown.

import type { Matrix } from "../method.ts";
import { solvePositiveDefinite } from "./cholesky.ts";
import { dot, quadraticForm, timesVector } from "./gram.ts";

const maximalIterations = 200;
/** Relative: after a full Newton step as small as this, the error is its square. */
const smallestMove = 1e-8;
/** Relative: full steps shorter than this converge quadratically. */
const smallMove = 1e-4;
/** A Newton decrement below which full steps converge quadratically. */
const nearby = 1e-5;
/** Beyond this the weights only grow towards a solution that does not exist. */
const largestWeight = 1e7;

export interface FairProblem {
  /** C, `[M, M]`, symmetric to the bit, ones on its diagonal. */
  readonly cosines: Matrix;
  /** q, `[M]`, positive. */
  readonly scales: Float64Array;
  /** e, positive. */
  readonly exponent: number;
}

/**
 * y > 0 with (C y)_k = q_k (y_k / q_k)^-e, element by element. It is the minimum of
 *
 *     F(y) = y^T C y / 2 - sum_k q_k^2 phi(y_k / q_k),   phi(b) = log b, or b^(1 - e) / (1 - e) for e != 1
 *
 * which is convex, so the solution is unique; there is none where nonnegative weights, not all zero, make
 * C's quadratic form vanish (a Pareto-stationary point). Orthogonal vectors have y = q, the start. For
 * e = 1 and q = 1, F is self-concordant and the damped step 1 / (1 + decrement) always descends; for other
 * exponents steps are halved until F falls.
 *
 * @returns y, `[M]`, or undefined where there is no solution.
 */
export function fairPoint(problem: FairProblem): Float64Array | undefined {
  let point = problem.scales.slice();
  let lastMove = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < maximalIterations; iteration++) {
    const step = newtonStep(problem, point);
    if (step === undefined) return undefined;
    const next = damped(problem, point, step);
    if (next === undefined || next.some((y, k) => y > largestWeight * problem.scales[k]!)) {
      return undefined;
    }
    // Of the full step: a damped one is short wherever it is.
    const move = Math.max(...point.map((y, k) => Math.abs(step.move[k]! / y)));
    point = next;
    // Small moves shrink to their squares. Where they do not they are rounding, as when vectors nearly cancel.
    const stalled = move < smallMove && move > lastMove / 2;
    if (move < smallestMove || stalled) return point;
    lastMove = move;
  }
  return undefined;
}

interface NewtonStep {
  readonly move: Float64Array;
  /** Gradient of F times move; not positive. */
  readonly slope: number;
  /** Newton's, in units of the largest scale. */
  readonly decrement: number;
}

function newtonStep(problem: FairProblem, point: Float64Array): NewtonStep | undefined {
  const { cosines, scales, exponent } = problem;
  const weights = point.map((y, k) => y / scales[k]!);
  const gains = timesVector(cosines, point);
  const residual = gains.map((gain, k) => gain - scales[k]! * weights[k]! ** -exponent);
  const hessian = cosines.map((row, k) =>
    row.map((value, j) => (j === k ? value + exponent * weights[k]! ** (-exponent - 1) : value)),
  );
  if (!residual.every(Number.isFinite) || !hessian.every((row, k) => Number.isFinite(row[k]!))) {
    return undefined;
  }
  const ascent = solvePositiveDefinite(hessian, residual);
  if (ascent === undefined) return undefined;
  const move = ascent.map((value) => -value);
  const slope = dot(residual, move);
  const decrement = Math.sqrt(Math.max(0, -slope)) / Math.max(...scales);
  return { move, slope, decrement };
}

/**
 * The longest of the steps tried that stays positive and, far from the solution, lowers F. Nearby, and where
 * F is self-concordant, it surely does: there its fall may drown in rounding and is not looked at.
 */
function damped(problem: FairProblem, point: Float64Array, step: NewtonStep) {
  const { move, slope, decrement } = step;
  const surely = decrement < nearby || problem.exponent === 1;
  const before = surely ? 0 : potential(problem, point);
  for (let length = decrement > 0.25 ? 1 / (1 + decrement) : 1; length > 1e-12; length /= 2) {
    const next = point.map((y, k) => y + length * move[k]!);
    if (next.some((y) => !(y > 0))) continue;
    if (surely || potential(problem, next) <= before + 1e-4 * length * slope) return next;
  }
  return undefined;
}

/** F. */
function potential({ cosines, scales, exponent }: FairProblem, point: Float64Array): number {
  let utility = 0;
  point.forEach((y, k) => {
    const weight = y / scales[k]!;
    const phi = exponent === 1 ? Math.log(weight) : weight ** (1 - exponent) / (1 - exponent);
    utility += scales[k]! ** 2 * phi;
  });
  return quadraticForm(cosines, point) / 2 - utility;
}
