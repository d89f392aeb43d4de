// What waits to be sent on one connection: messages in order, cut into frames only when the socket can
// take more, and a heartbeat that goes before them. So a queue of large tensors costs no second copy of
// them, and a heartbeat waits for the chunks in flight, never for the whole queue. Frames that were
// written come back to be filled again: fresh memory costs more than the copy into it.

import type { ByteKind, NamedTensor } from "./connection.ts";
import {
  chunkedBytes,
  chunkFrames,
  chunkHeaderBytes,
  controlFrame,
  defaultChunkBytes,
  type Frame,
} from "./frames.ts";
import { checkTensors, type Limits } from "./limits.ts";
import { countSent, createMeter, type Meter, subtract } from "./meter.ts";
import { tooLarge } from "./violations.ts";

export interface OutboxOptions {
  limits: Limits;
  /**
   * Where messages are booked as sent, whole, when they are queued: what a phase sent is known at its
   * end, whatever the line still holds. A heartbeat may be replaced, and is booked when it goes.
   */
  meter: Meter;
  /** Payload of a chunk. @default 1 MB, or what fits into a frame. */
  chunkBytes?: number;
}

/** As many frames as a transport keeps in flight, and one more to fill. */
const maxSpares = 3;

export class Outbox {
  readonly #limits: Limits;
  readonly #meter: Meter;
  /** What is booked and was not handed out. */
  readonly #waiting = createMeter();
  readonly #chunkBytes: number;
  readonly #queue: Iterator<Frame>[] = [];
  /** Written frames of the usual size of a chunk. */
  readonly #spares: Uint8Array[] = [];
  #heartbeat: Frame | undefined;
  #transfer = 0;

  constructor({ limits, meter, chunkBytes = defaultChunkBytes }: OutboxOptions) {
    this.#limits = limits;
    this.#meter = meter;
    const room = Math.min(chunkBytes, limits.maxFrameBytes - chunkHeaderBytes);
    this.#chunkBytes = room - (room % 4);
  }

  /** Queues a message. It is packed now; its tensors are read when their turn comes. */
  push(message: unknown, tensors: readonly NamedTensor[] = []): void {
    checkTensors(tensors, this.#limits);
    const transfer = this.#transfer;
    const heads = tensors.map(({ name, kind, values }) => ({ name, kind, length: values.length }));
    const control = this.#bounded(controlFrame({ message, tensors: heads, transfer }, "control"));
    this.#transfer = (transfer + 1) >>> 0;
    const allocate = (bytes: number) => this.#allocate(bytes);
    const chunks = chunkFrames(tensors, { transfer, chunkBytes: this.#chunkBytes, allocate });
    this.#queue.push([control].values(), chunks);
    this.#book("control", control.bytes.length);
    for (const { kind, values } of tensors) {
      this.#book(kind, chunkedBytes(values.length, this.#chunkBytes));
    }
  }

  /** A heartbeat goes before all that is queued, and replaces one that was not sent yet. */
  pushHeartbeat(message: unknown): void {
    const envelope = { message, tensors: [], transfer: this.#transfer };
    this.#heartbeat = this.#bounded(controlFrame(envelope, "heartbeat"));
  }

  /** The next frame; `undefined` when nothing waits. */
  next(): Uint8Array | undefined {
    const frame = this.#take();
    if (frame === undefined) return undefined;
    const { kind, bytes } = frame;
    if (kind === "heartbeat") countSent(this.#meter, kind, bytes.length);
    else countSent(this.#waiting, kind, -bytes.length);
    return frame.bytes;
  }

  /** Gives back a frame that was written, or copied; nothing may read it any more. */
  recycle(frame: Uint8Array): void {
    const usual = frame.length === chunkHeaderBytes + this.#chunkBytes;
    if (usual && this.#spares.length < maxSpares) this.#spares.push(frame);
  }

  /** Drops everything, from the account too: the connection is gone. */
  clear(): void {
    subtract(this.#meter, this.#waiting);
    this.#waiting.fill(0);
    this.#queue.length = 0;
    this.#heartbeat = undefined;
  }

  #book(kind: ByteKind, bytes: number): void {
    countSent(this.#meter, kind, bytes);
    countSent(this.#waiting, kind, bytes);
  }

  #allocate(bytes: number): Uint8Array {
    const usual = bytes === chunkHeaderBytes + this.#chunkBytes;
    return (usual ? this.#spares.pop() : undefined) ?? new Uint8Array(bytes);
  }

  #take(): Frame | undefined {
    const heartbeat = this.#heartbeat;
    if (heartbeat !== undefined) {
      this.#heartbeat = undefined;
      return heartbeat;
    }
    while (this.#queue.length > 0) {
      const step = this.#queue[0]!.next();
      if (!step.done) return step.value;
      this.#queue.shift();
    }
    return undefined;
  }

  #bounded(frame: Frame): Frame {
    const { maxFrameBytes } = this.#limits;
    if (frame.bytes.length <= maxFrameBytes) return frame;
    throw tooLarge(
      "The bytes of a control frame",
      frame.bytes.length,
      "maxFrameBytes",
      maxFrameBytes,
    );
  }
}
