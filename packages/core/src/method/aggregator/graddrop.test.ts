import { describe, expect, test } from "vitest";
import { drawsFor } from "../../random/draws.ts";
import type { Random } from "../../random/random.ts";
import { expectClose, goldenRows, unshuffled } from "../test-views.ts";
import { type GraddropOptions, graddrop, graddropDefinition } from "./graddrop.ts";

function aggregate(rows: number[][], random: Random, options: GraddropOptions = {}): number[] {
  const method = graddropDefinition.make(graddrop(options));
  if (method.form !== "aggregator") throw new TypeError("graddrop is an aggregator");
  const direction = new Float32Array(rows[0]!.length);
  const step = { clock: { step: 0, epoch: 0 }, random, layers: [0, direction.length] };
  const state = method.init({ taskCount: rows.length, length: direction.length, layerCount: 1 });
  const arrays = rows.map((row) => Float32Array.from(row));
  method.aggregate(state, arrays, step, direction);
  return [...direction];
}

describe("graddrop", () => {
  test("golden direction, with every drawn number 0.5", () => {
    expect(aggregate(goldenRows, unshuffled)).toEqual([5, -4, 2, 4]);
  });

  test("leaks a share of what it drops", () => {
    // Sums 3, -1, 1, 4.
    expectClose(aggregate(goldenRows, unshuffled, { leak: 0.5 }), [4, -2.5, 1.5, 4]);
    expectClose(aggregate(goldenRows, unshuffled, { leak: 1 }), [3, -1, 1, 4]);
  });

  test("keeps the positive gradients as often as their share says", () => {
    const length = 4000;
    const rows = [new Array<number>(length).fill(3), new Array<number>(length).fill(-1)];
    const kept = aggregate(rows, drawsFor({ seed: 1, purpose: "test" }));
    const share = kept.filter((value) => value === 3).length / length;
    expect(kept.every((value) => value === 3 || value === -1)).toBe(true);
    expect(Math.abs(share - 0.75)).toBeLessThan(0.03);
  });

  test("draws one number per coordinate, zero or not", () => {
    let drawn = 0;
    const counting = { ...unshuffled, uniform: () => 0.5 * (++drawn) ** 0 };
    expect(aggregate([[0, 1, 0]], counting)).toEqual([0, 1, 0]);
    expect(drawn).toBe(3);
  });
});
