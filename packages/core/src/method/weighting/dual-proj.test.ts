import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../errors.ts";
import type { ConeOptions } from "../cone.ts";
import { directionOf, expectClose, goldenRows, weighOnce } from "../test-views.ts";
import { dualProj, dualProjDefinition } from "./dual-proj.ts";

const make = (options: ConeOptions = {}) => dualProjDefinition.make(dualProj(options));

describe("dual-proj", () => {
  test("a mean that conflicts is brought to a right angle", () => {
    const rows = [
      [1, 0],
      [-3, 1],
    ];
    // The mean (-1, 0.5) loses its part along (1, 0).
    const { weights } = weighOnce(make({ epsilon: 0 }), rows);
    expectClose(directionOf(rows, weights), [0, 0.5], 1e-12);
  });

  test("epsilon allows a little conflict", () => {
    const rows = [
      [1, 0],
      [-3, 1],
    ];
    const [first] = directionOf(rows, weighOnce(make({ epsilon: 1e-2 }), rows).weights);
    expect(first).toBeLessThan(-1e-3);
    expect(first).toBeGreaterThan(-1);
  });

  test("preferences are what is projected; another number of them is refused", () => {
    const { weights } = weighOnce(make({ epsilon: 0, preferences: [2, 3] }), [
      [1, 0],
      [1, 1],
    ]);
    expectClose(weights, [2, 3], 1e-12);
    expect(() => weighOnce(make({ preferences: [1, 2] }), goldenRows)).toThrow(ExperimentError);
  });
});
