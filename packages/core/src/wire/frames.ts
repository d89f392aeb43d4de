// How a message with its tensors becomes frames, the units that a socket carries: one control frame, then
// the tensors' bytes in chunks. Knows layout only; order and limits are the assembler's business.
//
//   control, heartbeat   tag u8 | msgpack { message, tensors: [{ name, kind, length }], transfer }
//   chunk                tag u8 | 0 u8 | tensor u16 | transfer u32 | offset u32 | length u32 | float32...
//
// Integers and floats are little-endian; offset and length count elements. The chunk header has 16 bytes,
// so that the payload of a frame that starts aligned is aligned for any typed array and for SIMD loads.

import type { ByteKind, NamedTensor, tensorKinds } from "./connection.ts";
import { pack } from "./packed.ts";

/** First byte of a frame. 0 is left to the packets of the socket library (`socket-parser.ts`). */
export const frameTags = { control: 1, chunk: 2, heartbeat: 3 } as const;

export const chunkHeaderBytes = 16;
/**
 * Large enough that headers, events and copies per chunk cost little, small enough that a heartbeat
 * waits for no more than a few of them on a slow link.
 */
export const defaultChunkBytes = 2 ** 20;

export interface TensorHead {
  name: string;
  kind: (typeof tensorKinds)[number];
  /** float32 elements. */
  length: number;
}

export interface Envelope {
  message: unknown;
  tensors: TensorHead[];
  /** Names the message in its chunks. */
  transfer: number;
}

export interface ChunkHeader {
  /** Index into the envelope's `tensors`. */
  tensor: number;
  transfer: number;
  /** Position of the chunk's first element in the tensor. */
  offset: number;
  length: number;
}

export interface Frame {
  bytes: Uint8Array;
  kind: ByteKind;
}

export function controlFrame(envelope: Envelope, kind: "control" | "heartbeat"): Frame {
  const packed = pack(envelope);
  const bytes = new Uint8Array(1 + packed.length);
  bytes[0] = frameTags[kind];
  bytes.set(packed, 1);
  return { bytes, kind };
}

export interface ChunkOptions {
  transfer: number;
  /** Payload of every chunk but a tensor's last. */
  chunkBytes: number;
  /** Memory for a frame of this many bytes; what is in it is overwritten. */
  allocate: (bytes: number) => Uint8Array;
}

/** The chunks of all tensors, in order; each frame is a copy, made when it is asked for. */
export function* chunkFrames(
  tensors: readonly NamedTensor[],
  { transfer, chunkBytes, allocate }: ChunkOptions,
): Generator<Frame> {
  const step = Math.floor(chunkBytes / 4);
  for (const [tensor, { values, kind }] of tensors.entries()) {
    for (let offset = 0; offset < values.length; offset += step) {
      const part = values.subarray(offset, offset + step);
      const bytes = allocate(chunkHeaderBytes + part.byteLength);
      fillChunk(bytes, { tensor, transfer, offset, length: part.length }, part);
      yield { bytes, kind };
    }
  }
}

/** Bytes of all frames that {@link chunkFrames} makes of a tensor of `length` elements. */
export function chunkedBytes(length: number, chunkBytes: number): number {
  return 4 * length + chunkHeaderBytes * Math.ceil(length / Math.floor(chunkBytes / 4));
}

/** Raw memory is little-endian on every machine that tfjs runs on. */
function fillChunk(bytes: Uint8Array, header: ChunkHeader, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, chunkHeaderBytes);
  view.setUint16(0, frameTags.chunk, true);
  view.setUint16(2, header.tensor, true);
  view.setUint32(4, header.transfer, true);
  view.setUint32(8, header.offset, true);
  view.setUint32(12, header.length, true);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), chunkHeaderBytes);
}

/** The header of a frame of at least `chunkHeaderBytes`. */
export function readChunkHeader(frame: Uint8Array): ChunkHeader {
  const view = new DataView(frame.buffer, frame.byteOffset, chunkHeaderBytes);
  return {
    tensor: view.getUint16(2, true),
    transfer: view.getUint32(4, true),
    offset: view.getUint32(8, true),
    length: view.getUint32(12, true),
  };
}

/** Copies a chunk's payload into its tensor; the frame itself may start at any byte. */
export function copyChunk(frame: Uint8Array, header: ChunkHeader, values: Float32Array): void {
  const target = new Uint8Array(
    values.buffer,
    values.byteOffset + 4 * header.offset,
    4 * header.length,
  );
  target.set(frame.subarray(chunkHeaderBytes));
}
