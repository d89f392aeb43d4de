// The parser that both ends put into the socket library's parser slot: its packets as msgpack behind a
// zero byte, and our frames as they are, since a frame's own first byte is never zero. A packet that does
// not decode must not throw, as the library would then drop the connection without a word: it becomes a
// local event `malformed` with the error, which no peer can forge, and the owner answers it.

import { z } from "zod";
import { ProtocolError } from "../errors.ts";
import { Emitter } from "./emitter.ts";
import { frameTags } from "./frames.ts";
import type { Limits } from "./limits.ts";
import { pack, unpack } from "./packed.ts";
import { malformed, tooLarge } from "./violations.ts";

/** Event under which a frame travels, with the frame as its only argument. */
export const frameEvent = "frame";
/** Event of the decoder alone, with a `ProtocolError` as its only argument. */
export const malformedEvent = "malformed";

const packetTag = 0;
/** Handshake and close are short, and nothing else travels as a packet. */
const maxPacketBytes = 2 ** 16;
const packetTypes = { connect: 0, disconnect: 1, event: 2, ack: 3, connectError: 4 } as const;

/** Names that either the library or we give a meaning, so that no peer may send them. */
const reservedEvents = new Set([
  frameEvent,
  malformedEvent,
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

const namespace = z.string().startsWith("/").max(256);
const object = z.record(z.string(), z.unknown());
const eventName = z
  .string()
  .refine((name) => !reservedEvents.has(name), "should not be a reserved name");
const acknowledgement = z.int().min(0);

const packetSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal(packetTypes.connect), nsp: namespace, data: object.optional() }),
  z.strictObject({ type: z.literal(packetTypes.disconnect), nsp: namespace }),
  z.strictObject({
    type: z.literal(packetTypes.event),
    nsp: namespace,
    data: z.tuple([eventName], z.unknown()),
    id: acknowledgement.optional(),
  }),
  z.strictObject({
    type: z.literal(packetTypes.ack),
    nsp: namespace,
    data: z.array(z.unknown()),
    id: acknowledgement,
  }),
  z.strictObject({
    type: z.literal(packetTypes.connectError),
    nsp: namespace,
    data: z.union([z.string(), object]),
  }),
]);

/** A packet of the socket library, as far as it says what travels. */
export interface Packet {
  type: number;
  nsp: string;
  data?: unknown;
  id?: number | undefined;
}

export class PacketEncoder {
  encode(packet: Packet): Uint8Array[] {
    const frame = frameOf(packet);
    if (frame !== undefined) return [frame];
    const { type, nsp, data, id } = packet;
    const packed = pack({
      type,
      nsp,
      ...(data === undefined ? {} : { data }),
      ...(id === undefined ? {} : { id }),
    });
    const bytes = new Uint8Array(1 + packed.length);
    bytes[0] = packetTag;
    bytes.set(packed, 1);
    return [bytes];
  }
}

function frameOf({ type, data }: Packet): Uint8Array | undefined {
  if (type !== packetTypes.event || !Array.isArray(data) || data[0] !== frameEvent)
    return undefined;
  return data[1] as Uint8Array;
}

/** Decodes for one connection after the other; the library calls `destroy` between them. */
export class PacketDecoder extends Emitter {
  readonly #maxFrameBytes: number;
  #failed = false;

  constructor(maxFrameBytes: number) {
    super();
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Emits `decoded` with the packet; after a malformed one, nothing until `destroy`. */
  add(chunk: unknown): void {
    if (this.#failed) return;
    this.emit("decoded", this.#packet(chunk));
  }

  destroy(): void {
    this.#failed = false;
  }

  #packet(chunk: unknown): Packet {
    try {
      return decodePacket(chunk, this.#maxFrameBytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failed = true;
      return local(malformedEvent, error);
    }
  }
}

/** Both classes for the parser slot, which makes them without arguments. */
export interface SocketParser {
  Encoder: new () => PacketEncoder;
  Decoder: new () => PacketDecoder;
}

export function socketParser({ maxFrameBytes }: Pick<Limits, "maxFrameBytes">): SocketParser {
  class Decoder extends PacketDecoder {
    constructor() {
      super(maxFrameBytes);
    }
  }
  return { Encoder: PacketEncoder, Decoder };
}

function local(event: string, value: unknown): Packet {
  return { type: packetTypes.event, nsp: "/", data: [event, value] };
}

function decodePacket(chunk: unknown, maxFrameBytes: number): Packet {
  const bytes = bytesOf(chunk);
  if (bytes.length > maxFrameBytes) {
    throw tooLarge("The bytes of a frame", bytes.length, "maxFrameBytes", maxFrameBytes);
  }
  const tag = bytes[0];
  if (tag === packetTag && bytes.length > maxPacketBytes) {
    throw tooLarge("The bytes of a packet", bytes.length, "maxPacketBytes", maxPacketBytes);
  }
  if (tag === packetTag) return checkedPacket(unpack(bytes.subarray(1)));
  if (!Object.values<unknown>(frameTags).includes(tag)) {
    throw malformed("A frame has an unknown tag.", { tag });
  }
  return local(frameEvent, bytes);
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw malformed("A frame should be binary. Found text.");
}

function checkedPacket(value: unknown): Packet {
  const parsed = packetSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw malformed(`A socket packet: field \`${issue.path.join(".")}\`: ${issue.message}.`);
}
