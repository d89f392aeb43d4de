import { describe, expect, test } from "vitest";
import { directionOf, expectClose, goldenRows, weighOnce } from "../test-views.ts";
import { imtlG, imtlGDefinition } from "./imtl-g.ts";

const method = imtlGDefinition.make(imtlG());

function projections(rows: readonly (readonly number[])[], weights: readonly number[]): number[] {
  const direction = directionOf(rows, weights);
  return rows.map(
    (row) => row.reduce((sum, value, i) => sum + value * direction[i]!, 0) / Math.hypot(...row),
  );
}

describe("imtl-g", () => {
  test("projections on all unit gradients are equal", () => {
    const found = projections(goldenRows, weighOnce(method, goldenRows).weights);
    expectClose(found, [found[0]!, found[0]!, found[0]!], 1e-12);
  });

  test("twins share what one would get", () => {
    const { weights } = weighOnce(method, [
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    expectClose(weights, [0.25, 0.25, 0.5], 1e-9);
  });

  test("as published, a negative sum of weights turns the direction against all", () => {
    // The third unit gradient lies nearly between the others, whose sum overshoots it.
    const rows = [
      [1, 0, 0],
      [0, 1, 0],
      [0.07, 0.07, 0.014],
    ];
    expect(Math.max(...projections(rows, weighOnce(method, rows).weights))).toBeLessThan(0);
  });

  test("a sum near 0 is reported, and the mean gradient used", () => {
    const { weights, fallback } = weighOnce(method, [
      [1, 2],
      [-1, -2],
    ]);
    expect(weights).toEqual([0.5, 0.5]);
    expect(fallback).toMatchObject({ kind: "noSolution", tasks: [0, 1] });
  });
});
