import { meanShards, sumShards, weightedSum } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { Rows } from "./rows.ts";

const length = 5;
/** Three tasks in two shards, in stretches of two numbers. */
const terms = { shardSizes: [2, 1], length, chunkLength: 2, kept: true };
const all = [0, 1, 2].map((k) => Float32Array.from({ length }, (_, i) => Math.sin(7 * k + i)));

function taken(rows: Rows, whole: readonly Float32Array[], products = true): Rows {
  for (let chunk = 0; chunk < 3; chunk++) {
    const stretches = whole.map((row) => row.slice(2 * chunk, 2 * chunk + 2));
    rows.take({ chunk, rows: stretches, products });
  }
  return rows;
}

test.each([true, false])(
  "rows are kept as they came, whether products are formed: %s",
  (products) => {
    expect(taken(new Rows(terms), all, products).rows).toEqual(all);
  },
);

test("inner products are those of the whole rows, of the present step alone", () => {
  const rows = taken(taken(new Rows(terms), all), all);
  for (const [i, products] of rows.gram.entries()) {
    for (const [j, product] of products.entries()) {
      const whole = all[i]!.reduce((sum, value, at) => sum + value * all[j]![at]!, 0);
      expect(product).toBeCloseTo(whole, 12);
    }
  }
});

test("where nobody wants products there are none, not even those of the step before", () => {
  const rows = taken(taken(new Rows(terms), all), all, false);
  expect(rows.gram).toEqual([]);
});

test("rows whose products alone are wanted are not kept", () => {
  const rows = taken(new Rows({ ...terms, kept: false }), all);
  expect(rows.isKept).toBe(false);
  expect(rows.rows.map((row) => row.length)).toEqual([0, 0, 0]);
  expect(rows.gram).toHaveLength(3);
});

describe.each([true, false])("a row that is not finite, products formed: %s", (products) => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%d", (value) => {
    const broken = all.map((row) => row.slice());
    broken[1]![4] = value;
    broken[2]![0] = value;
    const rows = taken(new Rows(terms), broken, products);
    expect(rows.notFinite).toBe(1);
    expect(taken(rows, all, products).notFinite).toBe(-1);
  });
});

describe("a direction", () => {
  const weights = [0.1, -0.7, 3];

  test("is the sum of the shards' own sums, to the bit", () => {
    const sums = [
      weightedSum(all.slice(0, 2), weights.slice(0, 2), new Float32Array(length)),
      weightedSum(all.slice(2), weights.slice(2), new Float32Array(length)),
    ];
    expect(taken(new Rows(terms), all).direction(weights)).toEqual(sumShards(sums));
  });

  test("of one shard is its sum", () => {
    const rows = taken(new Rows({ ...terms, shardSizes: [3] }), all);
    expect(rows.direction(weights)).toEqual(weightedSum(all, weights, new Float32Array(length)));
  });

  test("comes in one buffer, whatever was written to it in the step before", () => {
    const rows = taken(new Rows(terms), all);
    const first = rows.direction(weights);
    const expected = first.slice();
    meanShards([first, first.slice()]);
    const second = rows.direction(weights);
    expect(second).toBe(first);
    expect(second).toEqual(expected);
  });
});
