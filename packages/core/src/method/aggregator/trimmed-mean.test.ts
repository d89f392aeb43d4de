import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../errors.ts";
import { methodSchema } from "../registry.ts";
import { expectClose, unshuffled } from "../test-views.ts";
import { trimmedMean, trimmedMeanDefinition } from "./trimmed-mean.ts";

function aggregate(rows: number[][], trim: number): number[] {
  const method = trimmedMeanDefinition.make(trimmedMean({ trim }));
  if (method.form !== "aggregator") throw new TypeError("trimmed-mean is an aggregator");
  const direction = new Float32Array(rows[0]!.length);
  const step = { clock: { step: 0, epoch: 0 }, random: unshuffled, layers: [0, direction.length] };
  const state = method.init({ taskCount: rows.length, length: direction.length, layerCount: 1 });
  method.aggregate(
    state,
    rows.map((row) => Float32Array.from(row)),
    step,
    direction,
  );
  return [...direction];
}

const rows = [
  [1, -1e30],
  [2, 10],
  [3, 20],
  [1e30, 30],
  [6, 40],
];

describe("trimmed mean", () => {
  test.each([
    [1, [11 / 3, 20]],
    [2, [3, 20]],
    [0.2, [11 / 3, 20]],
    [0.39, [11 / 3, 20]],
    [0.4, [3, 20]],
  ])("trim %f", (trim, direction) => {
    expectClose(aggregate(rows, trim), direction);
  });

  test("without a trim it is the mean", () => {
    expect(
      aggregate(
        [
          [1, 2],
          [3, 6],
        ],
        0,
      ),
    ).toEqual([2, 4]);
  });

  test("refuses to trim everything", () => {
    expect(() => aggregate(rows, 3)).toThrow(ExperimentError);
    expect(methodSchema.safeParse({ kind: "trimmed-mean", trim: 0.5 }).success).toBe(false);
  });
});
