import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose, goldenRows, gramOf } from "../test-views.ts";
import { dot, timesVector } from "./gram.ts";
import { minNormWeights } from "./min-norm.ts";

const entry = fc.double({ min: -1, max: 1, noNaN: true });

describe("shortest vector of a convex hull", () => {
  test("of the golden gradients", () => {
    // Computed with numpy in float64.
    const gram = gramOf(goldenRows);
    const weights = minNormWeights(gram);
    expectClose(weights, [0.527039413, 0.269477544, 0.203483043]);
    expect(dot(weights, timesVector(gram, weights))).toBeCloseTo(1.941338222, 8);
  });

  test.each([
    ["one vector", [[3, 4]], [1]],
    [
      "two, with the foot between them",
      [
        [1, 1],
        [1, -2],
      ],
      [2 / 3, 1 / 3],
    ],
    [
      "two, with the foot beyond the shorter one",
      [
        [1, 0],
        [3, 1],
      ],
      [1, 0],
    ],
    [
      "two that are opposed",
      [
        [2, 0],
        [-1, 0],
      ],
      [1 / 3, 2 / 3],
    ],
    [
      "twins",
      [
        [1, 2],
        [1, 2],
      ],
      [0.5, 0.5],
    ],
    [
      "one of them zero",
      [
        [1, 2],
        [0, 0],
      ],
      [0, 1],
    ],
    [
      "three around the origin",
      [
        [1, 0],
        [-1, 1],
        [-1, -1],
      ],
      [0.5, 0.25, 0.25],
    ],
  ])("%s", (_, rows, weights) => {
    expectClose(minNormWeights(gramOf(rows)), weights, 1e-3);
  });

  test("no other point of the hull is better, in any dimension", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }));
    const cases = sizes.chain(([size, length]) => {
      const row = fc.array(entry, { minLength: length, maxLength: length });
      return fc.array(row, { minLength: size, maxLength: size });
    });
    fc.assert(
      fc.property(cases, (rows) => {
        const gram = gramOf(rows);
        const unit = Math.max(...gram.map((row, k) => row[k]!));
        fc.pre(unit > 1e-6);
        const weights = minNormWeights(gram);
        const slopes = timesVector(gram, weights);
        expect(weights.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
        const best = dot(weights, slopes);
        expect(Math.min(...slopes)).toBeGreaterThanOrEqual(best - 1e-11 * unit);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test.each([1, 1e-4, 1e-8])("short ones count beside a long one: %f of its length", (share) => {
    const short = [
      [0, 1, 0],
      [0, -3, 1],
    ].map((row) => row.map((value) => share * value));
    const gram = gramOf([[1, 0, 0], ...short]);
    const weights = minNormWeights(gram);
    const slopes = timesVector(gram, weights);
    const best = dot(weights, slopes);
    expectClose(
      slopes.map((slope) => slope / best),
      [1, 1, 1],
    );
  });
});
