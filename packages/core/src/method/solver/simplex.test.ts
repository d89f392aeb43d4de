import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test-views.ts";
import { dot } from "./gram.ts";
import { minimiseOnSimplex, projectOnSimplex } from "./simplex.ts";

const vectors = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), {
  minLength: 1,
  maxLength: 8,
});

describe("projection on the simplex", () => {
  test.each([
    [
      [0.2, 0.3, 0.5],
      [0.2, 0.3, 0.5],
    ],
    [[5], [1]],
    [
      [3, 0, 0],
      [1, 0, 0],
    ],
    [
      [1, 1],
      [0.5, 0.5],
    ],
    [
      [0.9, 0.5, -4],
      [0.7, 0.3, 0],
    ],
  ])("of %j is %j", (vector, nearest) => {
    expectClose(projectOnSimplex(vector), nearest, 1e-12);
  });

  test("lies on it and is nearer than any vertex, seen from the vector", () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const nearest = projectOnSimplex(vector);
        expect(nearest.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
        expect(Math.min(...nearest)).toBeGreaterThanOrEqual(0);
        // The vector and the simplex lie on opposite sides of the plane through the projection.
        const away = vector.map((value, i) => value - nearest[i]!);
        const here = dot(away, nearest);
        expect(Math.max(...away)).toBeLessThanOrEqual(here + 1e-9);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe("descent on the simplex", () => {
  test("of a squared distance is the projection", () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const found = minimiseOnSimplex(vector.length, {
          value: (x) => x.reduce((sum, xi, i) => sum + (xi - vector[i]!) ** 2 / 2, 0),
          gradient: (x) => x.map((xi, i) => xi - vector[i]!),
        });
        expectClose(found, projectOnSimplex(vector), 1e-9);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  test("copes with curvatures that differ by six decades", () => {
    const weights = [1, 1e3, 1e6];
    const found = minimiseOnSimplex(3, {
      value: (x) => x.reduce((sum, xi, i) => sum + (weights[i]! * xi ** 2) / 2, 0),
      gradient: (x) => x.map((xi, i) => weights[i]! * xi),
    });
    const total = 1 + 1e-3 + 1e-6;
    expectClose(found, [1 / total, 1e-3 / total, 1e-6 / total], 1e-9);
  });
});
