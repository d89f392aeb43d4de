// What the two threads of a worker say to each other. Tensors cross by transfer, without a copy.

import type { ErrorCode, Limits, NamedTensor } from "@trunkline/core";

/** What the network thread is started with. */
export interface ThreadSettings {
  url: string;
  limits: Limits;
  heartbeatMs: number;
  connectTimeoutMs: number;
  /** The byte account, written by the network thread and read by the main thread. */
  meter: SharedArrayBuffer;
}

export type Order =
  /** Send this message. */
  | { type: "send"; message: unknown; tensors: NamedTensor[] }
  /** From now on send this message as a heartbeat, the first at once. */
  | { type: "startHeartbeats"; template: object }
  /** Fields of the heartbeat have new values. */
  | { type: "progress"; fields: object }
  /** Send what is queued, then close; answered by `closed`. */
  | { type: "close"; reason: string };

export type Report =
  /** The coordinator answered the socket's handshake. */
  | { type: "connected"; id: string }
  /** It did not within the time; the thread ends. */
  | { type: "unreachable"; cause: string }
  /** A message arrived with all of its tensors; not decoded by its schema yet. */
  | { type: "message"; message: unknown; tensors: NamedTensor[] }
  /** The coordinator broke the protocol; no message follows. */
  | { type: "malformed"; error: PlainError }
  /** The socket is gone; the thread ends. */
  | { type: "closed"; reason: string };

/** An error's fields, since its class does not survive the way between threads. */
export interface PlainError {
  code: ErrorCode;
  message: string;
  remedy: string;
  details: Readonly<Record<string, unknown>>;
}
