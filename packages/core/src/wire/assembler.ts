// Frames back to messages, one connection's side of it. A peer is not trusted: every size is checked
// against the limits before memory is taken for it, a tensor's memory is taken when its first chunk is
// there, and whatever breaks the order ends in a `ProtocolError`. One message is assembled at a time;
// between its frames only heartbeats may come.

import { z } from "zod";
import { type ByteKind, type NamedTensor, tensorKinds } from "./connection.ts";
import {
  type ChunkHeader,
  chunkHeaderBytes,
  copyChunk,
  type Envelope,
  frameTags,
  readChunkHeader,
  type TensorHead,
} from "./frames.ts";
import { checkCount, checkSizes, type Limits } from "./limits.ts";
import { countReceived, type Meter } from "./meter.ts";
import { unpack } from "./packed.ts";
import { malformed, noMemory, tooLarge } from "./violations.ts";

export interface Assembled {
  /** As it was unpacked; its own schema has not seen it yet. */
  message: unknown;
  tensors: NamedTensor[];
}

const uint32 = z.int().min(0).max(0xffff_ffff);
const outerSchema = z.strictObject({
  message: z.unknown(),
  // Its items are looked at after they are counted: a schema reports every bad one.
  tensors: z.custom<unknown[]>(Array.isArray, "should be an array"),
  transfer: uint32,
});
const headsSchema = z.array(
  z.strictObject({ name: z.string().max(1024), kind: z.enum(tensorKinds), length: uint32 }),
);

interface Pending extends Envelope {
  done: NamedTensor[];
  /** The tensor in work, and how many of its elements are there. */
  values: Float32Array | undefined;
  filled: number;
}

export class Assembler {
  #limits: Limits;
  readonly #meter: Meter;
  #pending: Pending | undefined;

  constructor({ limits, meter }: { limits: Limits; meter: Meter }) {
    this.#limits = limits;
    this.#meter = meter;
  }

  /** From the next frame on; a message that is under way keeps what it was allowed. */
  setLimits(limits: Limits): void {
    this.#limits = limits;
  }

  /**
   * Takes the next frame; its bytes are copied or unpacked before it returns. Returns the message that
   * it completes.
   * @throws ProtocolError after which the connection is of no use.
   */
  accept(frame: Uint8Array): Assembled | undefined {
    const tag = frame[0];
    countReceived(this.#meter, this.#kindOf(tag), frame.length);
    if (frame.length > this.#limits.maxFrameBytes) {
      throw tooLarge(
        "The bytes of a frame",
        frame.length,
        "maxFrameBytes",
        this.#limits.maxFrameBytes,
      );
    }
    if (tag === frameTags.chunk) return this.#chunk(frame);
    if (tag === frameTags.control) return this.#control(this.#open(frame));
    if (tag === frameTags.heartbeat) return heartbeat(this.#open(frame));
    throw malformed("A frame has an unknown tag.", { tag });
  }

  /** Chunks are booked under the tensor in work, whatever they say themselves. */
  #kindOf(tag: number | undefined): ByteKind {
    if (tag === frameTags.heartbeat) return "heartbeat";
    const pending = this.#pending;
    if (tag !== frameTags.chunk || pending === undefined) return "control";
    return pending.tensors[pending.done.length]!.kind;
  }

  #open(frame: Uint8Array): Envelope {
    const outer = parse(outerSchema, unpack(frame.subarray(1)));
    checkCount(outer.tensors.length, this.#limits);
    const tensors: TensorHead[] = parse(headsSchema, outer.tensors);
    checkSizes(tensors, this.#limits);
    return { message: outer.message, transfer: outer.transfer, tensors };
  }

  #control(envelope: Envelope): Assembled | undefined {
    if (this.#pending !== undefined) {
      throw malformed("A message came before the tensors of the one before it.");
    }
    const pending = { ...envelope, done: [], values: undefined, filled: 0 };
    return this.#settle(pending);
  }

  #chunk(frame: Uint8Array): Assembled | undefined {
    const pending = this.#pending;
    if (pending === undefined) throw malformed("A chunk came without a message.");
    if (frame.length < chunkHeaderBytes) throw malformed("A chunk ends inside its header.");
    const header = readChunkHeader(frame);
    const { name, length } = pending.tensors[pending.done.length]!;
    checkChunk(frame, header, pending, length);
    pending.values ??= allocate(name, length);
    copyChunk(frame, header, pending.values);
    pending.filled += header.length;
    return this.#settle(pending);
  }

  /** Moves on over every tensor that is whole, the empty ones too; the message once all are. */
  #settle(pending: Pending): Assembled | undefined {
    for (let head = next(pending); head !== undefined; head = next(pending)) {
      if (pending.filled < head.length) {
        this.#pending = pending;
        return undefined;
      }
      const values = pending.values ?? new Float32Array(0);
      pending.done.push({ name: head.name, kind: head.kind, values });
      pending.values = undefined;
      pending.filled = 0;
    }
    this.#pending = undefined;
    return { message: pending.message, tensors: pending.done };
  }
}

/** The machine may have less memory than the limits allow; that is one peer's end, not the process's. */
function allocate(name: string, length: number): Float32Array {
  try {
    return new Float32Array(length);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw noMemory(`tensor "${name}"`, 4 * length, cause);
  }
}

function next(pending: Pending): TensorHead | undefined {
  return pending.tensors[pending.done.length];
}

function heartbeat({ message, tensors }: Envelope): Assembled {
  if (tensors.length > 0) throw malformed("A heartbeat must not carry tensors.");
  return { message, tensors: [] };
}

/** Chunks come in order and without gaps, so that each can only be the one that is due. */
function checkChunk(
  frame: Uint8Array,
  header: ChunkHeader,
  pending: Pending,
  length: number,
): void {
  if (header.transfer !== pending.transfer)
    throw malformed("A chunk of an unknown message.", { header });
  if (header.tensor !== pending.done.length || header.offset !== pending.filled) {
    throw malformed("A chunk out of order.", { header });
  }
  if (header.length === 0 || header.length > length - header.offset) {
    throw malformed("A chunk that is empty or goes beyond its tensor.", { header });
  }
  if (frame.length !== chunkHeaderBytes + 4 * header.length) {
    throw malformed("A chunk has more or fewer bytes than it says.", { header });
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw malformed(`A control frame: field \`${issue.path.join(".")}\`: ${issue.message}.`);
}
