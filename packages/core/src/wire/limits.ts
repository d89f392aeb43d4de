// The sizes that a peer may make us hold. Each bounds memory that is allocated because of what a peer
// declared. Both sides of a connection use the same ones, but a coordinator takes little from a peer that
// it has not welcomed yet.

import type { NamedTensor } from "./connection.ts";
import { tooLarge } from "./violations.ts";

export interface Limits {
  /** One frame: a control message, or one chunk of a tensor with its header. */
  maxFrameBytes: number;
  maxTensorBytes: number;
  /** At most 65536, as the wire counts tensors in 16 bits. */
  maxTensorsPerMessage: number;
  /** All tensors of one message; a connection assembles one message at a time. */
  maxPendingBytes: number;
}

/**
 * Frames: four times a chunk, room for the largest control messages (progress and metrics of thousands
 * of tasks). Tensors: a trunk of 256 M parameters, far over what float32 training in tfjs reaches.
 * A message carries a shard's heads and two moments for each, hence twice the tensor limit; 4096 tensors
 * are a thousand heads with weights and two moments.
 */
export const defaultLimits: Limits = {
  maxFrameBytes: 4 * 2 ** 20,
  maxTensorBytes: 2 ** 30,
  maxTensorsPerMessage: 4096,
  maxPendingBytes: 2 ** 31,
};

/** Control messages of a peer that is no member: `hello`, `join` and `failed` with the longest texts. */
export const maxGuestFrameBytes = 2 ** 16;

/** What a coordinator takes from a peer before its welcome: small messages, no tensors. */
export function guestLimits({ maxFrameBytes }: Limits): Limits {
  return {
    maxFrameBytes: Math.min(maxFrameBytes, maxGuestFrameBytes),
    maxTensorBytes: 0,
    maxTensorsPerMessage: 0,
    maxPendingBytes: 0,
  };
}

/** Throws where the peer would refuse the tensors, so that the sender's own stack names the culprit. */
export function checkTensors(tensors: readonly NamedTensor[], limits: Limits): void {
  checkSizes(
    tensors.map(({ name, values }) => ({ name, length: values.length })),
    limits,
  );
}

/** The same for declared sizes; `length` counts float32 elements. */
export function checkSizes(
  heads: readonly { name: string; length: number }[],
  limits: Limits,
): void {
  checkCount(heads.length, limits);
  let total = 0;
  for (const { name, length } of heads) {
    const size = 4 * length;
    if (size > limits.maxTensorBytes) {
      throw tooLarge(`Tensor "${name}"`, size, "maxTensorBytes", limits.maxTensorBytes);
    }
    total += size;
  }
  if (total > limits.maxPendingBytes) {
    throw tooLarge("All tensors of a message", total, "maxPendingBytes", limits.maxPendingBytes);
  }
}

export function checkCount(count: number, limits: Limits): void {
  if (count > limits.maxTensorsPerMessage) {
    throw tooLarge(
      "The number of tensors of a message",
      count,
      "maxTensorsPerMessage",
      limits.maxTensorsPerMessage,
    );
  }
}
