// What a machine sees of its peer: messages with their tensors, in order, and an account of the bytes.
// Three transports implement it (memory, the coordinator's sockets, the worker's network thread); none of
// its users knows which one it holds. Who may say what, and when, is `protocol.ts`'s business.

import type { ProtocolError } from "../errors.ts";

/** What a tensor is for: the account that its bytes are booked under. */
export const tensorKinds = ["trunk", "gradients", "heads", "optimizer"] as const;
export type TensorKind = (typeof tensorKinds)[number];

export const byteKinds = [...tensorKinds, "control", "heartbeat"] as const;
export type ByteKind = (typeof byteKinds)[number];

export interface NamedTensor {
  name: string;
  kind: TensorKind;
  /** Flat, row-major; the shape is known to both sides from the experiment. */
  values: Float32Array;
}

/**
 * Payload bytes: the encoded frames, without what the socket wraps around them (10 bytes for a large
 * frame, 14 towards the coordinator, and the handshake). `byKind` covers both directions, so its sum is
 * `sent + received`.
 */
export interface ByteCounts {
  sent: number;
  received: number;
  byKind: Record<ByteKind, number>;
}

export interface ConnectionHandlers<In> {
  /** Called once per message, in the order of sending, with all of its tensors; the callee owns them. */
  message(message: In, tensors: NamedTensor[]): void;
  /**
   * The peer broke the protocol. No message follows; sending still works, so that the peer can be told
   * why. The callee closes the connection afterwards.
   */
  malformed(error: ProtocolError): void;
  /** Called exactly once, last, whichever side closed. What was incomplete then is gone. */
  closed(reason: string): void;
}

export interface Connection<Out, In> {
  readonly id: string;
  /**
   * Sends a message with its tensors; returns at once. Takes ownership of the tensors' buffers: they may
   * be detached, and are read until they are sent. A connection held by the coordinator only reads, so
   * one array may go to several workers as long as nobody writes to it. After the close it does nothing.
   * @throws ProtocolError `protocol/too-large` where the message breaks our own limits.
   */
  send(message: Out, tensors?: NamedTensor[]): void;
  /** Sets the handlers, once. What arrived before is kept for them. */
  listen(handlers: ConnectionHandlers<In>): void;
  /**
   * The peer was admitted: from the next frame on it may send tensors and large messages. Only the
   * coordinator's ends have it; until then they take short messages without tensors.
   */
  trust?(): void;
  /**
   * Cumulative counts up to now. A message counts as sent when it is queued; what was still queued when
   * the connection ended is taken off again.
   */
  bytes(): ByteCounts;
  /** Sends what is queued, then closes. The peer learns that it was closed, not why. */
  close(reason: string): void;
}

/** From what was unpacked to a typed message; throws `ProtocolError`. */
export type Decode<In> = (raw: unknown) => In;
