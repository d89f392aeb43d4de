// Kinds of numbers in array files, and how raw bytes become typed arrays of this machine's byte order.

import type { NumericArray } from "./arrays.ts";

/** Sign and size in bytes; `i8` is a 64-bit integer, `b1` a boolean. */
export type ElementType = "b1" | "u1" | "u2" | "u4" | "i1" | "i2" | "i4" | "i8" | "f4" | "f8";

type FromBuffer = (buffer: ArrayBuffer) => NumericArray;

const readers: Readonly<Record<ElementType, FromBuffer>> = {
  b1: (buffer) => new Uint8Array(buffer),
  u1: (buffer) => new Uint8Array(buffer),
  u2: (buffer) => new Uint16Array(buffer),
  u4: (buffer) => new Uint32Array(buffer),
  i1: (buffer) => new Int8Array(buffer),
  i2: (buffer) => new Int16Array(buffer),
  i4: (buffer) => new Int32Array(buffer),
  // Exact to 2^53, and float32 in the end anyway.
  i8: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number),
  f4: (buffer) => new Float32Array(buffer),
  f8: (buffer) => new Float64Array(buffer),
};

export const elementTypes = Object.keys(readers) as ElementType[];

/** Bytes of one value. */
export function bytesPer(type: ElementType): number {
  return Number(type[1]);
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Values of `bytes`, which are copied. */
export function decodeElements(
  bytes: Uint8Array,
  type: ElementType,
  littleEndian: boolean,
): NumericArray {
  // Not `slice`, which shares memory where the bytes are a Node buffer.
  const copy = new Uint8Array(bytes);
  const size = bytesPer(type);
  if (size > 1 && littleEndian !== hostIsLittleEndian) reverseEach(copy, size);
  return readers[type](copy.buffer);
}

/** Reverses the order of the bytes within each value of `size` bytes. */
function reverseEach(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    for (let low = start, high = start + size - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}
