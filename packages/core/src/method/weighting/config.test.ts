import { describe, expect, test } from "vitest";
import { timesVector } from "../solver/gram.ts";
import { directionOf, expectClose, goldenRows, gramOf, weighOnce } from "../test-views.ts";
import { config, configDefinition } from "./config.ts";
import { imtlG, imtlGDefinition } from "./imtl-g.ts";

const method = configDefinition.make(config());
const unit = (vector: readonly number[]) => vector.map((value) => value / Math.hypot(...vector));

describe("config", () => {
  test("has imtl-g's direction, and the length of the gradients' projections on it", () => {
    const direction = directionOf(goldenRows, weighOnce(method, goldenRows).weights);
    const impartial = weighOnce(imtlGDefinition.make(imtlG()), goldenRows).weights;
    expectClose(unit(direction), unit(directionOf(goldenRows, impartial)), 1e-12);
    const projections = timesVector(gramOf([unit(direction), ...goldenRows]), [1, 0, 0, 0]).slice(
      1,
    );
    expect(Math.hypot(...direction)).toBeCloseTo(
      projections[0]! + projections[1]! + projections[2]!,
      12,
    );
  });

  test("opposed gradients agree on nothing: reported, and the trunk stands still", () => {
    const opposed = [
      [1, 2],
      [-3, -6],
    ];
    const { weights, fallback } = weighOnce(method, opposed);
    expect(fallback).toMatchObject({ kind: "noSolution", tasks: [0, 1] });
    expectClose(directionOf(opposed, weights), [0, 0], 1e-9);
  });

  test("conflicts with nobody where three gradients share a plane", () => {
    const rows = [
      [1, 0.1],
      [-1, 0.1],
      [1, 1],
    ];
    const direction = directionOf(rows, weighOnce(method, rows).weights);
    for (const row of rows)
      expect(row[0]! * direction[0]! + row[1]! * direction[1]!).toBeGreaterThan(-1e-9);
  });
});
