import { expect, test } from "vitest";
import { expectClose, goldenRows, gramOf } from "../test-views.ts";
import { timesVector } from "./gram.ts";
import { applySpectrum, pseudoSolve, spectrum } from "./spectrum.ts";

const gram = gramOf(goldenRows);

test("eigenvalues of the golden gradients, ascending", () => {
  // Computed with numpy in float64.
  expectClose(spectrum(gram).values, [4.498528338, 11.476417243, 41.025054419], 1e-8);
});

test("the identity function gives the matrix back, the inverse one solves", () => {
  const x = [1, -2, 3];
  expectClose(
    applySpectrum(spectrum(gram), (value) => value, x),
    timesVector(gram, x),
    1e-12,
  );
  expectClose(timesVector(gram, pseudoSolve(gram, x)), x, 1e-12);
});

test("directions that float32 gradients cannot tell from nothing are dropped", () => {
  const twins = gramOf([
    [3, 4],
    [3, 4 + 1e-9],
  ]);
  expect(spectrum(twins).values).toHaveLength(1);
  expectClose(pseudoSolve(twins, [50, 50]), [1, 1], 1e-6);
});
