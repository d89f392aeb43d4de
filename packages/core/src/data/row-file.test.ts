import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf } from "./byte-source.ts";
import { type ArrayLayout, rowsOfArray } from "./row-file.ts";

/** Rows of `width` float32 that count up, after a header of 5 bytes that nothing aligns. */
const counting = (rows: number, width: number) => {
  const values = Float32Array.from({ length: rows * width }, (_, i) => i);
  const bytes = new Uint8Array(5 + values.byteLength);
  bytes.set(new Uint8Array(values.buffer), 5);
  const shape = [rows, width];
  const layout: ArrayLayout = { shape, elementType: "f4", littleEndian: true, offset: 5 };
  return { bytes, layout };
};

test("rows come in the order asked for, whatever the ranges", async () => {
  const indices = fc.array(fc.nat(49), { maxLength: 60 });
  // Widths to 5000 make rows of 20 kB, more than the gap that is read along.
  await fc.assert(
    fc.asyncProperty(indices, fc.constantFrom(1, 3, 5000), async (wanted, width) => {
      const { bytes, layout } = counting(50, width);
      const rows = await rowsOfArray(bytesOf("memory", bytes), layout).rows(wanted);
      expect(rows.length).toBe(wanted.length * width);
      for (const [i, index] of wanted.entries()) {
        expect(rows[i * width]).toBe(index * width);
        expect(rows[(i + 1) * width - 1]).toBe((index + 1) * width - 1);
      }
    }),
    { numRuns: 30 },
  );
});

test("neighbouring rows cost one read, and far ones don't read what lies between", async () => {
  const { bytes, layout } = counting(10000, 10);
  const reads: [number, number][] = [];
  const memory = bytesOf("memory", bytes);
  const source = {
    ...memory,
    read: (offset: number, length: number) => {
      reads.push([offset, length]);
      return memory.read(offset, length);
    },
  };
  await rowsOfArray(source, layout).rows([9000, 4, 2, 3, 9010]);
  expect(reads).toEqual([
    [5 + 2 * 40, 3 * 40],
    [5 + 9000 * 40, 11 * 40],
  ]);
});
