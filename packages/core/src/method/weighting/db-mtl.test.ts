import { expect, test } from "vitest";
import { runTransform } from "../test-transforms.ts";
import {
  directionOf,
  expectClose,
  goldenLosses,
  goldenRows,
  weighOnce,
  weightingOf,
} from "../test-views.ts";
import { normOf } from "../transform.ts";
import { dbMtl, dbMtlDefinition } from "./db-mtl.ts";

const method = weightingOf(dbMtlDefinition.make(dbMtl()));
const transform = method.transform!;

/** Each task's rows after each of `steps` equal steps; `[steps][M][P]`. */
function smoothed(steps: number): Float32Array[][] {
  const tasks = goldenRows.map((row, k) => {
    const rows = new Array<number[]>(steps).fill(row);
    return runTransform(transform, { rows, losses: rows.map(() => goldenLosses[k]!) }).rows;
  });
  return Array.from({ length: steps }, (_, t) => tasks.map((rows) => rows[t]!));
}

const first = [0.260293, 0.208776, -0.038923, 0.473331];

// Computed in float64. The golden step 1 divides by L itself, which differs from L + 1e-8 below 1e-6.
test.each([
  [1, first],
  [2, first.map((value) => 1.9 * value)],
])("step %d brings all smoothed gradients to the longest one's norm", (t, direction) => {
  const rows = smoothed(2)[t - 1]!;
  const { weights } = weighOnce(method, rows);
  expectClose(weights, [1, 2.618614, 1.208081], 1e-6);
  expectClose(directionOf(rows, weights), direction, 1e-6 * t);
});

test("sigma lets the old average fade with the steps", () => {
  const fading = weightingOf(dbMtlDefinition.make(dbMtl({ betaSigma: 1 }))).transform!;
  const { rows } = runTransform(fading, { rows: [[1], [1]] });
  expectClose([rows[0]![0]!, rows[1]![0]!], [0.1, 0.1 + 0.55 * 0.9], 1e-6);
});

test("a task without a gradient is left out, and said to be", () => {
  const weighed = weighOnce(method, [
    [0, 0],
    [3, 4],
  ]);
  expectClose(weighed.weights, [0, 1], 1e-6);
  expect(weighed.fallback).toMatchObject({ kind: "zeroGradient", tasks: [0] });
});

test("where a block is absent neither row nor average moves", () => {
  const part = [
    { from: 0, to: 1, present: true },
    { from: 1, to: 2, present: false },
  ];
  const { rows, state } = runTransform(transform, {
    rows: [
      [1, 1],
      [1, 0],
    ],
    blocks: [undefined, part],
  });
  expectClose(state.arrays.q!, [0.19, 0.1], 1e-6);
  expectClose(rows[1]!, [0.19, 0], 1e-6);
  expect(normOf(rows[1]!)).toBeCloseTo(0.19, 6);
});

test.each([-0.5, -2])("a loss of %d is refused", (loss) => {
  expect(() => runTransform(transform, { rows: [[1]], losses: [loss] })).toThrow(
    expect.objectContaining({ code: "run/negative-loss", details: { method: "db-mtl", loss } }),
  );
});
