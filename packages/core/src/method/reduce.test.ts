import { describe, expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import {
  addInnerProducts,
  firstNotFinite,
  meanShards,
  reductionWeights,
  sumShards,
  weightedSum,
} from "./reduce.ts";

function rowsOf(taskCount: number, length: number): Float32Array[] {
  const draw = drawsFor({ seed: 1, purpose: "rows" });
  return Array.from({ length: taskCount }, () =>
    Float32Array.from({ length }, () => draw.normal()),
  );
}

const emptyGram = (taskCount: number) =>
  Array.from({ length: taskCount }, () => new Float64Array(taskCount));

function gramOf(rows: readonly Float32Array[], chunkLength = rows[0]!.length): Float64Array[] {
  const gram = emptyGram(rows.length);
  for (let from = 0; from < rows[0]!.length; from += chunkLength) {
    addInnerProducts(
      gram,
      rows.map((row) => row.subarray(from, from + chunkLength)),
    );
  }
  return gram;
}

const product = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("sums of shards", () => {
  test("are rounded to float32 after each addition, in the shards' order", () => {
    const shards = [1, 2 ** -24, 2 ** -24].map((value) => Float32Array.of(value));
    expect(sumShards(shards)[0]).toBe(1);
    expect(sumShards([...shards].reverse())[0]).toBe(1 + 2 ** -23);
  });

  test("become means, in the first shard's own array", () => {
    const shards = [Float32Array.of(1, -4), Float32Array.of(5, 2)];
    expect(meanShards(shards)).toBe(shards[0]);
    expect([...shards[0]!]).toEqual([3, -1]);
  });
});

test("the first value that is not finite is found, and that there is none", () => {
  expect(firstNotFinite(Float32Array.of(1, Number.POSITIVE_INFINITY, Number.NaN))).toBe(1);
  expect(firstNotFinite(Float32Array.of(1, 3e38, -1e-45))).toBe(-1);
});

describe("a weighted sum", () => {
  test("is the rows' own, whatever was in the array before", () => {
    const rows = [Float32Array.of(1, 2), Float32Array.of(10, -20)];
    const out = Float32Array.of(7, 8);
    expect(weightedSum(rows, [2, 0.5], out)).toBe(out);
    expect([...out]).toEqual([7, -6]);
  });

  test("is rounded after each addition: a shard's rows give the same bits wherever they are summed", () => {
    const rows = rowsOf(5, 100);
    const weights = [0.1, -2, 1 / 3, 0, 4];
    const expected = new Float32Array(100);
    for (const [k, row] of rows.entries()) {
      for (let i = 0; i < 100; i++) expected[i] = Math.fround(expected[i]! + weights[k]! * row[i]!);
    }
    expect(weightedSum(rows, weights, new Float32Array(100))).toEqual(expected);
  });
});

describe("inner products", () => {
  test.each([
    [1, 5],
    [2, 2048],
    [3, 2049],
    [4, 6000],
    [7, 5000],
    [10, 1],
  ])("of %d rows with %d numbers are those of all pairs", (taskCount, length) => {
    const rows = rowsOf(taskCount, length);
    const gram = gramOf(rows);
    for (const [i, a] of rows.entries()) {
      for (const [j, b] of rows.entries()) {
        expect(Math.abs(gram[i]![j]! - product(a, b))).toBeLessThan(1e-12 * length);
      }
    }
  });

  test("are added to what was there", () => {
    const rows = rowsOf(3, 10);
    const gram = gramOf(rows);
    addInnerProducts(gram, rows);
    expect(gram).toEqual(gramOf(rows).map((values) => values.map((value) => 2 * value)));
  });

  test("are symmetric to the bit", () => {
    const gram = gramOf(rowsOf(5, 5000));
    for (const [i, values] of gram.entries()) {
      for (const [j, value] of values.entries()) expect(value).toBe(gram[j]![i]);
    }
  });

  test("are kept in double precision", () => {
    const row = new Float32Array(4096).fill(2 ** -13);
    row[0] = 1;
    // In float32 the sum would stay at 1.
    expect(gramOf([row])[0]![0]).toBe(1 + 4095 * 2 ** -26);
  });

  test("depend on their two rows alone", () => {
    const rows = rowsOf(6, 5000);
    const all = gramOf(rows);
    const some = [4, 1, 5];
    const few = gramOf(some.map((k) => rows[k]!));
    expect(few.map((values) => [...values])).toEqual(some.map((i) => some.map((j) => all[i]![j]!)));
  });

  test("are the same bits in stretches of whole blocks", () => {
    const rows = rowsOf(3, 10_000);
    expect(gramOf(rows, 1024)).toEqual(gramOf(rows));
    expect(gramOf(rows, 3072)).toEqual(gramOf(rows));
  });
});

test("a reduction to the sum keeps the tasks' weights, one to the mean divides by their sum", () => {
  expect(reductionWeights({ reduction: "sum" }, [1, 3])).toEqual([1, 3]);
  expect(reductionWeights({ reduction: "mean" }, [1, 3])).toEqual([0.25, 0.75]);
});
