import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../errors.ts";
import { directionOf, expectClose, goldenRows, gramOf, weighOnce } from "../test-views.ts";
import { type AlignedMtlOptions, alignedMtl, alignedMtlDefinition } from "./aligned-mtl.ts";

const make = (options: AlignedMtlOptions = {}) => alignedMtlDefinition.make(alignedMtl(options));

describe("aligned-mtl", () => {
  test("the rows that preferences choose from are orthogonal and of the least singular value's length", () => {
    const aligned = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ].map((preferences) =>
      directionOf(goldenRows, weighOnce(make({ preferences }), goldenRows).weights),
    );
    // The smallest eigenvalue of G.
    const s = 4.498528338;
    expectClose(
      gramOf(aligned).flatMap((row) => [...row]),
      [s, 0, 0, 0, s, 0, 0, 0, s],
      1e-6,
    );
  });

  test("dependent gradients keep the directions that there are", () => {
    const { weights } = weighOnce(make(), [
      [3, 4],
      [3, 4],
    ]);
    expectClose(weights, [1, 1], 1e-9);
  });

  test("refuses preferences for another number of tasks", () => {
    expect(() => weighOnce(make({ preferences: [1, 2] }), goldenRows)).toThrow(ExperimentError);
  });
});
