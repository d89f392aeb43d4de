// The byte account of one connection, as eight numbers in an array: sent, received, then one per kind.
// An array, so that a thread which does the counting can share it with the one that asks.

import { type ByteCounts, type ByteKind, byteKinds } from "./connection.ts";

export type Meter = Float64Array;

const sentSlot = 0;
const receivedSlot = 1;
const firstKindSlot = 2;

export const meterBytes = (firstKindSlot + byteKinds.length) * Float64Array.BYTES_PER_ELEMENT;

/** A meter at zero, on memory that may be shared with another thread. */
export function createMeter(buffer: ArrayBufferLike = new ArrayBuffer(meterBytes)): Meter {
  return new Float64Array(buffer);
}

export function countSent(meter: Meter, kind: ByteKind, bytes: number): void {
  add(meter, sentSlot, kind, bytes);
}

export function countReceived(meter: Meter, kind: ByteKind, bytes: number): void {
  add(meter, receivedSlot, kind, bytes);
}

/** Takes what `other` counts off the meter. */
export function subtract(meter: Meter, other: Meter): void {
  for (let slot = 0; slot < meter.length; slot++) meter[slot]! -= other[slot]!;
}

export function readMeter(meter: Meter): ByteCounts {
  const kinds = byteKinds.map((kind, index) => [kind, meter[firstKindSlot + index]!] as const);
  return {
    sent: meter[sentSlot]!,
    received: meter[receivedSlot]!,
    byKind: Object.fromEntries(kinds) as Record<ByteKind, number>,
  };
}

function add(meter: Meter, slot: number, kind: ByteKind, bytes: number): void {
  meter[slot]! += bytes;
  meter[firstKindSlot + byteKinds.indexOf(kind)]! += bytes;
}
