import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileRows, memoryRows, type RowStore } from "./row-store.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "row-store-test-"));
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const stores: [string, (count: number, width: number) => RowStore][] = [
  ["memory", memoryRows],
  ["a file", (_, width) => fileRows(width)],
];

test.each(stores)("rows of %s are read in any order, as often as wanted", (_, make) => {
  const count = 9;
  const chunk = fc.integer({ min: 1, max: count });
  const indices = fc.array(fc.nat(count - 1), { maxLength: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), chunk, indices, (width, size, wanted) => {
      const all = Float32Array.from({ length: count * width }, (_, i) => Math.fround(i / 3));
      const store = make(count, width);
      for (let first = 0; first < count; first += size) {
        store.write(first, all.slice(first * width, (first + size) * width));
      }
      const rows = store.read(wanted);
      const expected = wanted.flatMap((index) => [
        ...all.slice(index * width, (index + 1) * width),
      ]);
      expect([...rows]).toEqual(expected);
      store.dispose();
    }),
    { numRuns: 30 },
  );
});

test("writing takes the part of a buffer that it is given", () => {
  for (const [, make] of stores) {
    const store = make(2, 2);
    store.write(0, Float32Array.of(9, 1, 2, 3, 4, 9).subarray(1, 5));
    expect([...store.read([1, 0])]).toEqual([3, 4, 1, 2]);
    store.dispose();
  }
});

test("a file lies in the folder for temporary files and is gone afterwards", () => {
  const store = fileRows(2);
  store.write(0, Float32Array.of(1, 2));
  const [made] = readdirSync(folder);
  expect(existsSync(join(folder, made!, "rows.f32"))).toBe(true);
  store.dispose();
  expect(readdirSync(folder)).toEqual([]);
});
