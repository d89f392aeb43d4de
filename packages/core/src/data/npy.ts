// NumPy's .npy files, versions 1 to 3: magic, version, length of the header, a Python dictionary as
// text, then the array. Numbers and booleans in C order; no pickled objects.

import type { ByteSource } from "./byte-source.ts";
import { elementTypes } from "./element-types.ts";
import { malformed } from "./malformed.ts";
import {
  type ArrayFile,
  type ArrayFileValues,
  type ArrayLayout,
  checkArraySize,
  rowsOfArray,
  valuesOfArray,
} from "./row-file.ts";

const magic = "\u0093NUMPY";

/**
 * A .npy file read by ranges.
 *
 * @throws ExperimentError `data/malformed` if it is no .npy file, cut off, in Fortran order, or of a kind
 * of numbers that this reader lacks.
 */
export async function npyFile(source: ByteSource): Promise<ArrayFile> {
  return rowsOfArray(source, await npyLayout(source));
}

/** A whole .npy file in memory, as its own kind of numbers (64-bit integers as float64). */
export async function npyArray(source: ByteSource): Promise<ArrayFileValues> {
  return valuesOfArray(source, await npyLayout(source));
}

async function npyLayout(source: ByteSource): Promise<ArrayLayout> {
  const { text, offset } = await headerOf(source);
  const kind = /'descr'\s*:\s*'([<>|=])(\w+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const axes = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (order === null || axes === null) throw notNpy(source.name, `Its header is ${text.trim()}.`);
  const elementType = elementTypes.find((known) => known === kind?.[2]);
  if (elementType === undefined) throw unknownKind(source.name, text);
  if (order[1] === "True") throw fortranOrder(source.name);
  const shape = axes[1]!.split(",").map((length) => Number.parseInt(length, 10));
  const layout = {
    shape: shape.filter((length) => !Number.isNaN(length)),
    elementType,
    littleEndian: kind?.[1] !== ">",
    offset,
  };
  if (layout.shape.length === 0) throw scalar(source.name);
  await checkArraySize(source, layout);
  return layout;
}

async function headerOf(source: ByteSource): Promise<{ text: string; offset: number }> {
  const size = await source.size();
  const start = await source.read(0, Math.min(size, 12));
  const found = String.fromCharCode(...start.subarray(0, magic.length));
  if (found !== magic || size < 12) throw notNpy(source.name, `It has ${size} bytes.`);
  const version = start[6]!;
  if (version < 1 || version > 3) throw notNpy(source.name, `Its version is ${version}.`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const begin = version === 1 ? 10 : 12;
  if (begin + length > size) throw notNpy(source.name, `It ends within its header.`);
  const text = new TextDecoder().decode(await source.read(begin, length));
  return { text, offset: begin + length };
}

function notNpy(name: string, found: string) {
  return malformed(
    name,
    `This is no .npy file of version 1 to 3. ${found}`,
    "Write it with numpy.save(FILE, array).",
  );
}

function unknownKind(name: string, header: string) {
  const found = /'descr'\s*:\s*(.*?),\s*'fortran_order'/.exec(header)?.[1] ?? header.trim();
  return malformed(
    name,
    `Its numbers should be one of ${elementTypes.join(", ")}. Found ${found}.`,
    "Convert it, for example with array.astype('float32').",
  );
}

function fortranOrder(name: string) {
  return malformed(
    name,
    "The array should be in C order (rows first). Found Fortran order.",
    "Write it with numpy.save(FILE, numpy.ascontiguousarray(array)).",
  );
}

function scalar(name: string) {
  return malformed(
    name,
    "The array should have at least one axis, its rows. Found a single number.",
    "Save an array with one row per sample.",
  );
}
