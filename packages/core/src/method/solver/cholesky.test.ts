import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose, gramOf } from "../test-views.ts";
import { solvePositiveDefinite } from "./cholesky.ts";
import { addToDiagonal, timesVector } from "./gram.ts";

const entry = fc.double({ min: -1, max: 1, noNaN: true });

test("solves positive definite systems", () => {
  const cases = fc.integer({ min: 1, max: 6 }).chain((size) => {
    const vector = fc.array(entry, { minLength: size, maxLength: size });
    return fc.tuple(fc.array(vector, { minLength: size, maxLength: size }), vector);
  });
  fc.assert(
    fc.property(cases, ([rows, right]) => {
      const matrix = addToDiagonal(gramOf(rows), 0.1);
      expectClose(timesVector(matrix, solvePositiveDefinite(matrix, right)!), right, 1e-10);
    }),
    { numRuns: 50, seed: 1 },
  );
});

test("has no answer for a matrix that is not positive definite", () => {
  const indefinite = [Float64Array.of(1, 2), Float64Array.of(2, 1)];
  expect(solvePositiveDefinite(indefinite, [1, 1])).toBeUndefined();
});
