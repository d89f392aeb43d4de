// The safetensors format: named arrays in one file that many programs read. Eight bytes give the length
// of a JSON header, the header says where each array lies, the arrays follow without gaps. Only float32
// is written and read; files are not this module's business.
// Format: https://huggingface.co/docs/safetensors, section "Format".

import { ExperimentError } from "@trunkline/core";

export interface NamedArray {
  name: string;
  shape: readonly number[];
  /** Row-major; as many as the shape says. */
  values: Float32Array;
}

export interface TensorFile {
  tensors: readonly NamedArray[];
  metadata: Readonly<Record<string, string>>;
}

/** Bytes that the length of the header takes. */
const lengthBytes = 8;

/** The header's end, and with it all data, lies at a multiple of this; the header is padded with spaces. */
const alignment = 8;

/** Readers refuse longer headers, so that a damaged length does not make them allocate without limit. */
const maxHeaderBytes = 100_000_000;

/**
 * The pieces of a file, in order. Those of the arrays are views of `values`, in the byte order of this
 * machine, which is little-endian wherever tfjs runs.
 */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, values } of tensors) {
    const begin = end;
    end += values.byteLength;
    header[name] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  return [
    encodeHeader(header),
    ...tensors.map(
      ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ),
  ];
}

function encodeHeader(header: unknown): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / alignment) * alignment;
  const bytes = new Uint8Array(lengthBytes + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, lengthBytes);
  return bytes;
}

/**
 * The arrays of a file, in the order of their data; copies, which the caller owns.
 *
 * @param name - What errors call the file.
 */
export function decodeSafetensors(name: string, bytes: Uint8Array): TensorFile {
  const refuse = (message: string): never => {
    throw malformed(name, message);
  };
  const { header, dataAt } = decodeHeader(bytes, refuse);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isStrings(metadata)) return refuse("The metadata should be strings");
  const described = Object.entries(entries).map(([tensor, entry]) =>
    isEntry(entry)
      ? { tensor, entry }
      : refuse(`Tensor ${JSON.stringify(tensor)} is not described`),
  );
  // An empty array begins where the next one does; its end tells them apart.
  const order = ({ entry }: { entry: Entry }) => entry.data_offsets[0] + entry.data_offsets[1];
  described.sort((a, b) => order(a) - order(b));
  let at = dataAt;
  const tensors = described.map(({ tensor, entry }) => {
    const begin = at;
    at += 4 * entry.shape.reduce((product, length) => product * length, 1);
    const problem = problemOf(entry, { begin: begin - dataAt, end: at - dataAt });
    if (problem !== undefined) refuse(`Tensor ${JSON.stringify(tensor)} should ${problem}`);
    if (at > bytes.length) refuse("The data ends early");
    // Not `bytes.slice`, which of a Buffer is a view, and maybe an unaligned one.
    const values = new Float32Array((at - begin) / 4);
    new Uint8Array(values.buffer).set(bytes.subarray(begin, at));
    return { name: tensor, shape: entry.shape, values };
  });
  if (at !== bytes.length) refuse("There is data that the header does not describe");
  return { tensors, metadata };
}

/** Completes the sentence "the tensor should". */
function problemOf(
  { dtype, data_offsets: [begin, end] }: Entry,
  wanted: { begin: number; end: number },
): string | undefined {
  if (dtype !== "F32") return `be F32. Found ${dtype}`;
  if (begin === wanted.begin && end === wanted.end) return undefined;
  return `take bytes ${wanted.begin} to ${wanted.end}. Found ${begin} to ${end}`;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

function decodeHeader(bytes: Uint8Array, refuse: (message: string) => never) {
  if (bytes.length < lengthBytes) refuse("It is too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const dataAt = lengthBytes + length;
  if (length > maxHeaderBytes || dataAt > bytes.length) refuse("Its header is longer than it is");
  const header = parse(new TextDecoder().decode(bytes.subarray(lengthBytes, dataAt)));
  if (!isRecord(header)) return refuse("Its header is no JSON object");
  return { header, dataAt };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((each) => typeof each === "string");
}

function isEntry(value: unknown): value is Entry {
  return (
    isRecord(value) &&
    typeof value.dtype === "string" &&
    isSizes(value.shape) &&
    isSizes(value.data_offsets) &&
    value.data_offsets.length === 2
  );
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function malformed(path: string, message: string): ExperimentError {
  return new ExperimentError([
    {
      path,
      code: "data/malformed",
      message: `${message}.`,
      remedy: "Give a safetensors file of float32 arrays, whole.",
    },
  ]);
}
