import { describe, expect, test } from "vitest";
import { gradientDiagnostics } from "./diagnostics.ts";
import { expectClose, goldenRows, gramOf } from "./test-views.ts";

describe("diagnostics of a step", () => {
  const found = gradientDiagnostics(gramOf(goldenRows), [1, 1, 1], 0.1);

  test("cosines, with ones on the diagonal", () => {
    const c13 = -6 / Math.sqrt(6 * 37);
    const c23 = -9 / Math.sqrt(14 * 37);
    expectClose(found.cosines.flat(), [1, 0, c13, 0, 1, c23, c13, c23, 1], 1e-12);
  });

  test("two of three pairs conflict; a right angle does not", () => {
    expect(found.conflictRate).toBeCloseTo(2 / 3, 12);
  });

  test("similarity of magnitudes", () => {
    expect(found.magnitudeSimilarity[0]![2]).toBeCloseTo((2 * Math.sqrt(6 * 37)) / (6 + 37), 12);
    expect(found.magnitudeSimilarity[1]![1]).toBe(1);
  });

  test("the change to first order is what a small step does to linear losses", () => {
    // d = (3, -1, 1, 4); g_k . d = 0, 5, 22.
    expectClose(found.predictedChange, [0, -0.5, -2.2], 1e-12);
  });

  test("distance from stationarity", () => {
    // Computed with numpy in float64.
    expect(found.stationarity).toBeCloseTo(1.941338222, 8);
    expect(found.relativeStationarity).toBeCloseTo(1.941338222 / 37, 9);
  });

  test("opposed gradients are stationary", () => {
    const opposed = gradientDiagnostics(gramOf([[2], [-1]]), [1, 1], 0.1);
    expect(opposed.relativeStationarity).toBeLessThan(1e-9);
    expect(opposed.conflictRate).toBe(1);
  });

  test("zero gradients have zeros, and nothing is NaN", () => {
    const zero = gradientDiagnostics(gramOf([[0], [0]]), [1, 1], 0.1);
    expect(zero.cosines.flat()).toEqual([0, 0, 0, 0]);
    expect(zero.magnitudeSimilarity.flat()).toEqual([0, 0, 0, 0]);
    expect(zero.predictedChange).toEqual([0, 0]);
    expect(zero).toMatchObject({ conflictRate: 0, stationarity: 0, relativeStationarity: 0 });
  });

  test("one task conflicts with nobody", () => {
    expect(gradientDiagnostics(gramOf([[3, 4]]), [1], 1)).toMatchObject({
      conflictRate: 0,
      stationarity: 25,
      relativeStationarity: 1,
      predictedChange: [-25],
    });
  });
});
