// What the tests of methods over gradients share: the golden gradients, and a method's view of a step.

import { expect } from "vitest";
import { drawsFor } from "../random/draws.ts";
import type { Random } from "../random/random.ts";
import type { Method, MethodState, StepView, Weighed, Weighting } from "./method.ts";

/** Three gradients of four parameters, and losses; golden values are computed from them in float64. */
export const goldenRows = [
  [1, 2, -1, 0],
  [-2, 1, 0, 3],
  [4, -4, 2, 1],
];
export const goldenLosses = [0.5, 2, 1.5];

/** J J^T, in double precision. */
export function gramOf(rows: readonly ArrayLike<number>[]): Float64Array[] {
  return rows.map((a) =>
    Float64Array.from(rows, (b) => {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
      return sum;
    }),
  );
}

/** J^T alpha, in double precision. */
export function directionOf(
  rows: readonly ArrayLike<number>[],
  weights: ArrayLike<number>,
): number[] {
  return Array.from(rows[0]!, (_, i) =>
    rows.reduce((sum, row, k) => sum + weights[k]! * row[i]!, 0),
  );
}

/** Whoever shuffles with it keeps the order; its uniform numbers are all 0.5. */
export const unshuffled: Random = {
  uint32: () => 2 ** 31,
  uniform: () => 0.5,
  normal: () => 0,
  integer: (bound) => bound - 1,
};

/** A method's view of a step with these gradients. */
export function viewOf(rows: readonly ArrayLike<number>[], view: Partial<StepView> = {}): StepView {
  const gram = gramOf(rows);
  return {
    taskCount: rows.length,
    clock: { step: 0, epoch: 0 },
    losses: rows.map(() => 1),
    norms: gram.map((row, k) => Math.sqrt(row[k]!)),
    gram,
    random: drawsFor({ seed: 1, purpose: "test" }),
    ...view,
  };
}

export function weightingOf(method: Method): Weighting {
  if (method.form !== "weighting") throw new TypeError(`a ${method.form} is no weighting`);
  return method;
}

/** The method's first step with these gradients, or a later one from `state`. */
export function weighOnce(
  method: Method,
  rows: readonly ArrayLike<number>[],
  { state, ...view }: Partial<StepView> & { state?: MethodState } = {},
): Weighed {
  const weighting = weightingOf(method);
  return weighting.weigh(state ?? weighting.init(rows.length), viewOf(rows, view));
}

/** Weights and direction on the golden gradients, each within 1e-6 of the golden ones. */
export function expectGolden(
  { weights }: Weighed,
  golden: { weights: readonly number[]; direction: readonly number[] },
): void {
  expectClose(weights, golden.weights);
  expectClose(directionOf(goldenRows, weights), golden.direction);
}

export function expectClose(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance = 1e-6,
): void {
  expect(found.length).toBe(wanted.length);
  const worst = Math.max(...Array.from(found, (value, i) => Math.abs(value - wanted[i]!)));
  expect(worst, `${Array.from(found)} against ${Array.from(wanted)}`).toBeLessThan(tolerance);
}
