import { describe, expect, test } from "vitest";
import { gradientDiagnostics } from "./diagnostics.ts";
import { expectClose, goldenRows, gramOf } from "./test-views.ts";

describe("diagnostics of a step", () => {
  const found = gradientDiagnostics(gramOf(goldenRows));

  test("cosines, with ones on the diagonal", () => {
    const c13 = -6 / Math.sqrt(6 * 37);
    const c23 = -9 / Math.sqrt(14 * 37);
    expectClose(found.cosines.flat(), [1, 0, c13, 0, 1, c23, c13, c23, 1], 1e-12);
  });

  test("two of three pairs conflict; a right angle does not", () => {
    expect(found.conflictRate).toBeCloseTo(2 / 3, 12);
  });

  test("distance from stationarity", () => {
    // Computed with numpy in float64.
    expect(found.stationarity).toBeCloseTo(1.941338222 / 37, 9);
  });

  test("opposed gradients are stationary", () => {
    const opposed = gradientDiagnostics(gramOf([[2], [-1]]));
    expect(opposed.stationarity).toBeLessThan(1e-9);
    expect(opposed.conflictRate).toBe(1);
  });

  test("zero gradients have zeros, and nothing is NaN", () => {
    const zero = gradientDiagnostics(gramOf([[0], [0]]));
    expect(zero.cosines.flat()).toEqual([0, 0, 0, 0]);
    expect(zero).toMatchObject({ conflictRate: 0, stationarity: 0 });
  });

  test("one task conflicts with nobody", () => {
    expect(gradientDiagnostics(gramOf([[3, 4]]))).toMatchObject({
      conflictRate: 0,
      stationarity: 1,
    });
  });
});
