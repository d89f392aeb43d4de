import { describe, expect, test } from "vitest";
import { RunError } from "../../errors.ts";
import { expectClose, weighOnce } from "../test-views.ts";
import { type MgdaOptions, mgda, mgdaDefinition } from "./mgda.ts";

const make = (options: MgdaOptions = {}) => mgdaDefinition.make(mgda(options));
const rows = [
  [3, 0],
  [0, 4],
];

describe("mgda", () => {
  // Of orthogonal vectors of squared lengths a and b, the shortest combination is (b, a) / (a + b).
  test.each([
    { normaliser: "none", lengths: [3, 4], divisors: [1, 1] },
    { normaliser: "norm", lengths: [1, 1], divisors: [3, 4] },
    { normaliser: "loss", lengths: [6, 4], divisors: [0.5, 1] },
    { normaliser: "normTimesLoss", lengths: [2, 1], divisors: [1.5, 4] },
  ] as const)("normalised by $normaliser", ({ normaliser, lengths, divisors }) => {
    const [a, b] = [lengths[0] ** 2, lengths[1] ** 2];
    const { weights } = weighOnce(make({ normaliser }), rows, { losses: [0.5, 1] });
    expectClose(weights, [b / (a + b) / divisors[0], a / (a + b) / divisors[1]], 1e-9);
  });

  test("stands still at a Pareto-stationary point", () => {
    expectClose(
      weighOnce(make(), [
        [2, 2],
        [-1, -1],
      ]).weights,
      [1 / 3, 2 / 3],
      1e-9,
    );
  });

  test("refuses a loss that is not positive where it divides by losses", () => {
    expect(() => weighOnce(make({ normaliser: "loss" }), rows, { losses: [1, 0] })).toThrow(
      RunError,
    );
    expect(weighOnce(make(), rows, { losses: [1, -1] }).fallback).toBeUndefined();
  });
});
