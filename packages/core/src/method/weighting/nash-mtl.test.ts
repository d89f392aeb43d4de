import { describe, expect, test } from "vitest";
import { directionOf, expectClose, goldenRows, gramOf, weighOnce } from "../test-views.ts";
import { type NashMtlOptions, nashMtl, nashMtlDefinition } from "./nash-mtl.ts";

const make = (options: NashMtlOptions = {}) => nashMtlDefinition.make(nashMtl(options));
const raw = { maxNorm: null, normaliseGram: false };
const other = [
  [1, 0, 0, 0],
  [0, 2, 0, 0],
  [0, 0, 4, 0],
];
const opposed = [
  [1, -2],
  [-2, 4],
];
const at = (step: number) => ({ clock: { step, epoch: 0 } });

describe("nash-mtl", () => {
  test("the normalised form grows by the root of the Frobenius norm", () => {
    const plain = weighOnce(make(raw), goldenRows).weights;
    const normalised = weighOnce(make({ maxNorm: null }), goldenRows).weights;
    const norm = Math.hypot(...gramOf(goldenRows).flatMap((row) => [...row]));
    expectClose(
      normalised,
      plain.map((weight) => weight * Math.sqrt(norm)),
      1e-9,
    );
  });

  test("a long direction is shortened, a short one is left", () => {
    const direction = directionOf(goldenRows, weighOnce(make({ maxNorm: 1 }), goldenRows).weights);
    expect(Math.hypot(...direction)).toBeCloseTo(1, 9);
    const plain = weighOnce(make(raw), goldenRows).weights;
    expect(weighOnce(make({ ...raw, maxNorm: 2 }), goldenRows).weights).toEqual(plain);
  });

  test("the raw direction has length sqrt(M), whatever the gradients' sizes", () => {
    const rows = goldenRows.map((row, k) => row.map((value) => value * 10 ** (3 * k)));
    const direction = directionOf(rows, weighOnce(make(raw), rows).weights);
    expect(Math.hypot(...direction)).toBeCloseTo(Math.sqrt(3), 6);
  });

  test("weights are kept until the next step that `every` divides", () => {
    const method = make({ ...raw, every: 2 });
    const first = weighOnce(method, goldenRows, at(0));
    const second = weighOnce(method, other, { state: first.state, ...at(1) });
    expect(second.weights).toEqual(first.weights);
    const third = weighOnce(method, other, { state: second.state, ...at(2) });
    expectClose(third.weights, [1, 0.5, 0.25], 1e-9);
  });

  test("a task that comes back is weighed again, even between", () => {
    const method = make({ ...raw, every: 2 });
    const first = weighOnce(
      method,
      [
        [1, 0],
        [0, 0],
      ],
      at(0),
    );
    expect(first.fallback).toMatchObject({ kind: "zeroGradient", tasks: [1] });
    const second = weighOnce(
      method,
      [
        [1, 0],
        [0, 2],
      ],
      { state: first.state, ...at(1) },
    );
    expectClose(second.weights, [1, 0.5], 1e-9);
  });

  test("opposed gradients have no solution: they nearly cancel, and it is reported", () => {
    const { weights, fallback } = weighOnce(make(), opposed);
    expect(fallback).toMatchObject({ kind: "noSolution", tasks: [0, 1] });
    expect(weights.every((weight) => weight > 0 && Number.isFinite(weight))).toBe(true);
    expect(Math.hypot(...directionOf(opposed, weights))).toBeLessThan(1e-3);
  });
});
