import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose, goldenRows, gramOf } from "../test-views.ts";
import { projectOnDualCone } from "./dual-cone.ts";
import { addToDiagonal, dot, timesVector } from "./gram.ts";

const entry = fc.double({ min: -1, max: 1, noNaN: true });

test("a combination that conflicts with nobody stays", () => {
  expectClose(projectOnDualCone(gramOf(goldenRows), [1 / 3, 1 / 3, 1 / 3]), [1 / 3, 1 / 3, 1 / 3]);
});

test("of two vectors in conflict, one loses its part along the other", () => {
  const gram = gramOf([
    [1, 0],
    [-2, 2],
  ]);
  // g_1 . g_2 / ||g_2||^2 = -1/4.
  expectClose(projectOnDualCone(gram, [1, 0]), [1, 0.25], 1e-12);
});

test("opposed vectors cancel", () => {
  const gram = gramOf([[1], [-2]]);
  expectClose(projectOnDualCone(gram, [1, 0]), [1, 0.5], 1e-12);
});

test("meets the conditions of the projection", () => {
  const cases = fc.integer({ min: 1, max: 6 }).chain((size) => {
    const row = fc.array(entry, { minLength: 4, maxLength: 4 });
    return fc.array(row, { minLength: size, maxLength: size });
  });
  fc.assert(
    fc.property(cases, (rows) => {
      const gram = addToDiagonal(gramOf(rows), 1e-3);
      const lower = rows.map((_, k) => (k === 0 ? 1 : 0));
      const v = projectOnDualCone(gram, lower);
      const slopes = timesVector(gram, v);
      expect(Math.min(...v.map((value, k) => value - lower[k]!))).toBeGreaterThanOrEqual(0);
      expect(Math.min(...slopes)).toBeGreaterThanOrEqual(-1e-9);
      expect(
        Math.abs(
          dot(
            slopes,
            v.map((value, k) => value - lower[k]!),
          ),
        ),
      ).toBeLessThan(1e-9);
    }),
    { numRuns: 100, seed: 1 },
  );
});
