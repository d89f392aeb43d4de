import fc from "fast-check";
import { expect, test } from "vitest";
import { rowRanges } from "./row-ranges.ts";

const spans = (indices: number[], gapRows: number, maxRows = 100) =>
  rowRanges(indices, { gapRows, maxRows }).map(({ first, rows }) => [first, rows]);

test("neighbours are read together, and small gaps with them", () => {
  expect(spans([9, 3, 4, 8, 3], 0)).toEqual([
    [3, 2],
    [8, 2],
  ]);
  expect(spans([9, 3, 4, 8, 3], 2)).toEqual([
    [3, 2],
    [8, 2],
  ]);
  expect(spans([9, 3, 4, 8, 3], 3)).toEqual([[3, 7]]);
});

test("no range is longer than the limit", () => {
  expect(spans([0, 1, 2, 3, 4], 0, 2)).toEqual([
    [0, 2],
    [2, 2],
    [4, 1],
  ]);
});

test("each position is served once, by a range that holds its row", () => {
  const limits = fc.record({ gapRows: fc.nat(20), maxRows: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(fc.array(fc.nat(200)), limits, (indices, { gapRows, maxRows }) => {
      const served = new Set<number>();
      for (const { first, rows, positions } of rowRanges(indices, { gapRows, maxRows })) {
        expect(rows).toBeLessThanOrEqual(maxRows);
        for (const position of positions) {
          expect(served.has(position)).toBe(false);
          served.add(position);
          expect(indices[position]! - first).toBeGreaterThanOrEqual(0);
          expect(indices[position]! - first).toBeLessThan(rows);
        }
      }
      expect(served.size).toBe(indices.length);
    }),
  );
});
