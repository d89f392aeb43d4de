// Control values as msgpack, and back without trust: before anything is built, one pass over the bytes
// checks that every length is covered by bytes that are really there, so that what is allocated is
// bounded by what was received. Knows no message; extensions of msgpack, msgpackr's own records
// included, are refused.

import { Packr, Unpackr } from "msgpackr";
import { malformed } from "./violations.ts";

/** Deeper than any message; shallow enough that the recursion below it cannot overflow the stack. */
const maxDepth = 32;
/**
 * Bounds the time and memory of unpacking, which grow with values rather than bytes: more than the losses
 * of a long phase or the metrics of thousands of tasks.
 */
const maxValues = 2 ** 19;
const maxPairs = 4096;

// Plain maps, as records would need state that both sides share. Undefined becomes nil, so that the
// receiver's schema can name the field that lacks its value.
const packer = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
const unpacker = new Unpackr({ useRecords: false, mapsAsObjects: true });

export function pack(value: unknown): Uint8Array {
  return packer.pack(value);
}

/** Throws `ProtocolError` for anything but one whole msgpack value. */
export function unpack(bytes: Uint8Array): unknown {
  checkPacked(bytes);
  try {
    return unpacker.unpack(bytes);
  } catch (cause) {
    throw malformed(`A control frame is no msgpack: ${String(cause)}.`);
  }
}

/** What a first byte says: bytes that follow it, or how many values, and how its length is written. */
interface Head {
  /** Bytes of the length field (0, 1, 2 or 4), or of a number. */
  field: number;
  /** What the field, or `fixed`, counts. */
  counts: "nothing" | "bytes" | "values" | "pairs";
  fixed: number;
}

const scalar = (field: number): Head => ({ field, counts: "nothing", fixed: 0 });
const counted = (counts: "bytes" | "values" | "pairs", field: number, fixed = 0): Head => ({
  field,
  counts,
  fixed,
});

/** The types from 0xc0 to 0xdf that a message may use; msgpack specification, "Formats". */
const heads = new Map<number, Head>([
  ...[0xc0, 0xc2, 0xc3].map((byte) => [byte, scalar(0)] as const),
  ...[1, 2, 4].map((field, index) => [0xc4 + index, counted("bytes", field)] as const),
  [0xca, scalar(4)],
  [0xcb, scalar(8)],
  ...[1, 2, 4, 8].map((field, index) => [0xcc + index, scalar(field)] as const),
  ...[1, 2, 4, 8].map((field, index) => [0xd0 + index, scalar(field)] as const),
  ...[1, 2, 4].map((field, index) => [0xd9 + index, counted("bytes", field)] as const),
  [0xdc, counted("values", 2)],
  [0xdd, counted("values", 4)],
  [0xde, counted("pairs", 2)],
  [0xdf, counted("pairs", 4)],
]);

function headOf(byte: number): Head | undefined {
  if (byte < 0x80 || byte >= 0xe0) return scalar(0);
  if (byte < 0x90) return counted("pairs", 0, byte & 0x0f);
  if (byte < 0xa0) return counted("values", 0, byte & 0x0f);
  if (byte < 0xc0) return counted("bytes", 0, byte & 0x1f);
  return heads.get(byte);
}

const headTable = Array.from({ length: 256 }, (_, byte) => headOf(byte));

function checkPacked(bytes: Uint8Array): void {
  // Values still to come at each level of nesting; the outermost holds one.
  const open = new Float64Array(maxDepth + 1);
  open[0] = 1;
  let depth = 0;
  let position = 0;
  let values = 0;
  while (depth >= 0) {
    if (open[depth] === 0) {
      depth -= 1;
      continue;
    }
    open[depth]! -= 1;
    const head = bytes[position] === undefined ? undefined : headTable[bytes[position]!];
    if (head === undefined) throw truncated(position, bytes);
    const size = head.counts === "nothing" ? 0 : lengthAt(bytes, position + 1, head);
    position += 1 + head.field + (head.counts === "bytes" ? size : 0);
    const inner = head.counts === "values" ? size : head.counts === "pairs" ? 2 * size : 0;
    // A value takes at least one byte, so a count over the bytes left is a lie.
    if (position + inner > bytes.length) throw truncated(position, bytes);
    values += inner;
    if (values > maxValues || (head.counts === "pairs" && size > maxPairs)) {
      throw malformed("A control frame holds too many values.", { maxValues, maxPairs });
    }
    if (inner > 0) {
      if (depth === maxDepth) throw malformed(`A control frame nests deeper than ${maxDepth}.`);
      depth += 1;
      open[depth] = inner;
    }
  }
  if (position !== bytes.length) {
    throw malformed("A control frame has bytes after its value.", { position });
  }
}

/** Big-endian, as msgpack has it; bytes beyond the end count as zero and are found by the caller. */
function lengthAt(bytes: Uint8Array, start: number, head: Head): number {
  if (head.field === 0) return head.fixed;
  let length = 0;
  for (let i = 0; i < head.field; i++) length = length * 256 + (bytes[start + i] ?? 0);
  return length;
}

function truncated(position: number, bytes: Uint8Array) {
  return position < bytes.length
    ? malformed("A control frame holds a type or length that it must not.", { position })
    : malformed("A control frame ends too early.", { length: bytes.length });
}
