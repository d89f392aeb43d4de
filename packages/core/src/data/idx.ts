// IDX files, the format of MNIST: a big-endian array after a header of
// 0, 0, kind of numbers, number of axes, then the length of each axis as a 32-bit integer.

import type { ByteSource } from "./byte-source.ts";
import type { ElementType } from "./element-types.ts";
import { malformed } from "./malformed.ts";
import {
  type ArrayFile,
  type ArrayFileValues,
  type ArrayLayout,
  checkArraySize,
  rowsOfArray,
  valuesOfArray,
} from "./row-file.ts";

/** By the header's third byte. */
const elementTypes: Readonly<Record<number, ElementType>> = {
  8: "u1",
  9: "i1",
  11: "i2",
  12: "i4",
  13: "f4",
  14: "f8",
};

/**
 * An IDX file read by ranges.
 *
 * @throws ExperimentError `data/malformed` if it is no IDX file, or cut off.
 */
export async function idxFile(source: ByteSource): Promise<ArrayFile> {
  return rowsOfArray(source, await idxLayout(source));
}

/** A whole IDX file in memory, as its own kind of numbers. */
export async function idxArray(source: ByteSource): Promise<ArrayFileValues> {
  return valuesOfArray(source, await idxLayout(source));
}

async function idxLayout(source: ByteSource): Promise<ArrayLayout> {
  const size = await source.size();
  if (size < 4) throw notIdx(source.name, `It has ${size} bytes.`);
  const magic = await source.read(0, 4);
  const [zero, alsoZero, kind = 0, axes = 0] = magic;
  if (zero === 0x1f && alsoZero === 0x8b) throw notIdx(source.name, "It is a gzip file.");
  const elementType = elementTypes[kind];
  if (zero !== 0 || alsoZero !== 0 || elementType === undefined || axes === 0) {
    const found = [...magic].map((byte) => byte.toString(16).padStart(2, "0"));
    throw notIdx(source.name, `It begins with the bytes ${found.join(" ")}.`);
  }
  const offset = 4 + 4 * axes;
  if (size < offset) throw notIdx(source.name, `It ends within its header, after ${size} bytes.`);
  const lengths = await source.read(4, 4 * axes);
  const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 * axis));
  const layout = { shape, elementType, littleEndian: false, offset };
  await checkArraySize(source, layout);
  return layout;
}

function notIdx(name: string, found: string) {
  return malformed(
    name,
    `This is no IDX file. ${found}`,
    "Give a file in IDX format, unpacked (gunzip FILE.gz).",
  );
}
