import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../errors.ts";
import type { ConeOptions } from "../cone.ts";
import { directionOf, expectClose, goldenRows, weighOnce } from "../test-views.ts";
import { upgrad, upgradDefinition } from "./upgrad.ts";

const make = (options: ConeOptions = {}) => upgradDefinition.make(upgrad(options));

describe("upgrad", () => {
  test("gradients that do not conflict give their mean", () => {
    expectClose(
      weighOnce(make(), [
        [1, 0],
        [1, 1],
      ]).weights,
      [0.5, 0.5],
      1e-12,
    );
  });

  test("two tasks each lose their part along the other", () => {
    const rows = [
      [1, 0],
      [-2, 2],
    ];
    const { weights } = weighOnce(make({ epsilon: 0 }), rows);
    expectClose(directionOf(rows, weights), [0.25, 1.25], 1e-12);
  });

  test("short gradients are no special case", () => {
    const short = goldenRows.map((row) => row.map((value) => value * 1e-8));
    expectClose(weighOnce(make(), short).weights, weighOnce(make(), goldenRows).weights, 1e-9);
  });

  test("preferences are what is projected; another number of them is refused", () => {
    const { weights } = weighOnce(make({ preferences: [2, 3] }), [
      [1, 0],
      [1, 1],
    ]);
    expectClose(weights, [2, 3], 1e-12);
    expect(() => weighOnce(make({ preferences: [1, 2] }), goldenRows)).toThrow(ExperimentError);
  });
});
