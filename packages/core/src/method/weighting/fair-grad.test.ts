import { describe, expect, test } from "vitest";
import { directionOf, expectClose, goldenRows, gramOf, weighOnce } from "../test-views.ts";
import { fairGrad, fairGradDefinition } from "./fair-grad.ts";

const weigh = (alpha: number, rows: number[][]) =>
  weighOnce(fairGradDefinition.make(fairGrad({ alpha })), rows);

describe("fair-grad", () => {
  test.each([0.2, 0.5, 1, 2, 5, 20])(
    "meets its equation with a = %f, over six decades",
    (alpha) => {
      const rows = goldenRows.map((row, k) => row.map((value) => value * 1000 ** (k - 1)));
      const { weights, fallback } = weigh(alpha, rows);
      expect(fallback).toBeUndefined();
      const gram = gramOf(rows);
      const errors = gram.map((row, k) => {
        const terms = Array.from(row, (value, j) => value * weights[j]!);
        const gain = terms.reduce((sum, term) => sum + term, 0);
        // Terms may cancel to a gain far smaller than they are.
        const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
        return (gain - weights[k]! ** (-1 / alpha)) / size;
      });
      expectClose(errors, [0, 0, 0], 1e-9);
    },
  );

  test("opposed gradients have no solution: they nearly cancel, and it is reported", () => {
    const opposed = [[1], [-2]];
    const { weights, fallback } = weigh(2, opposed);
    expect(fallback).toMatchObject({ kind: "noSolution", tasks: [0, 1] });
    expect(weights.every((weight) => weight > 0 && Number.isFinite(weight))).toBe(true);
    expect(Math.abs(directionOf(opposed, weights)[0]!)).toBeLessThan(1e-2);
  });
});
