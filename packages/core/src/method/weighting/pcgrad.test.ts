import { describe, expect, test } from "vitest";
import { drawsFor } from "../../random/draws.ts";
import { directionOf, expectClose, goldenRows, weighOnce } from "../test-views.ts";
import { pcgrad, pcgradDefinition } from "./pcgrad.ts";

const method = pcgradDefinition.make(pcgrad());

describe("pcgrad", () => {
  test("is the plain sum where nobody conflicts", () => {
    expect(
      weighOnce(method, [
        [1, 0],
        [1, 1],
      ]).weights,
    ).toEqual([1, 1]);
  });

  test("two tasks end up at right angles to what the other was", () => {
    const rows = [
      [1, 0],
      [-2, 2],
    ];
    const { weights } = weighOnce(method, rows);
    // Vectors: g_1 + g_2 / 4 and g_2 + 2 g_1.
    expectClose(weights, [3, 1.25], 1e-12);
    expectClose(directionOf(rows, weights), [0.5, 2.5], 1e-12);
  });

  test("the order of projections is drawn anew in each step", () => {
    const found = new Set<string>();
    for (let step = 0; step < 20; step++) {
      const random = drawsFor({ seed: 1, purpose: "test", step });
      found.add(JSON.stringify(weighOnce(method, goldenRows, { random }).weights));
    }
    expect(found.size).toBeGreaterThan(1);
  });
});
