import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import { controlFrame } from "./frames.ts";
import { pack } from "./packed.ts";
import { type Packet, socketParser } from "./socket-parser.ts";

fc.configureGlobal({ seed: 1 });

const { Encoder, Decoder } = socketParser({ maxFrameBytes: 1024 });

function decodeAll(...chunks: unknown[]): Packet[] {
  const decoder = new Decoder();
  const packets: Packet[] = [];
  decoder.on("decoded", (packet) => packets.push(packet as Packet));
  for (const chunk of chunks) decoder.add(chunk);
  return packets;
}

const wire = (packet: unknown) => Uint8Array.of(0, ...pack(packet));
const { bytes: frame } = controlFrame({ message: "m", tensors: [], transfer: 0 }, "control");

function isMalformed({ nsp, data }: Packet): boolean {
  const [event, error] = data as [string, unknown];
  return nsp === "/" && event === "malformed" && error instanceof ProtocolError;
}

describe("packets", () => {
  const packets: Packet[] = [
    { type: 0, nsp: "/" },
    { type: 0, nsp: "/watch", data: { token: "t" } },
    { type: 1, nsp: "/" },
    { type: 2, nsp: "/watch", data: ["news", 1, { a: [2] }] },
    { type: 2, nsp: "/watch", data: ["question"], id: 3 },
    { type: 3, nsp: "/watch", data: ["answer"], id: 3 },
    { type: 4, nsp: "/", data: { message: "no" } },
  ];

  test.each(packets)("of type $type come back as they were", (packet) => {
    expect(decodeAll(...new Encoder().encode(packet))).toEqual([packet]);
  });

  test("that carry a frame are the frame itself, in both directions", () => {
    const packet = { type: 2, nsp: "/", data: ["frame", frame] };
    expect(new Encoder().encode(packet)).toEqual([frame]);
    expect(new Encoder().encode(packet)[0]).toBe(frame);
    expect(decodeAll(frame)).toEqual([packet]);
    const [, decoded] = decodeAll(frame)[0]!.data as unknown[];
    expect(decoded).toBe(frame);
  });

  test("may arrive as plain buffers, as the client's sockets give them", () => {
    expect(decodeAll(frame.slice().buffer)).toMatchObject([{ data: ["frame", frame] }]);
  });
});

describe("what is no packet", () => {
  const cases: [string, unknown][] = [
    ["text", "2[]"],
    ["nothing", new Uint8Array(0)],
    ["an unknown tag", Uint8Array.of(200, 1)],
    ["broken msgpack", Uint8Array.of(0, 0xdd, 0xff)],
    ["a packet of an unknown type", wire({ type: 9, nsp: "/" })],
    ["a packet of a type that no one sends", wire({ type: 5, nsp: "/", data: [] })],
    ["a packet with more fields", wire({ type: 1, nsp: "/", attachments: 3 })],
    ["a packet without a namespace", wire({ type: 0 })],
    ["an event without a name", wire({ type: 2, nsp: "/", data: [1] })],
    ["an event under a name of the library", wire({ type: 2, nsp: "/", data: ["disconnect"] })],
    ["a forged error", wire({ type: 2, nsp: "/", data: ["malformed", {}] })],
    ["a frame that takes the way of packets", wire({ type: 2, nsp: "/", data: ["frame", 1] })],
    ["a frame over the limit", new Uint8Array(1025).fill(1)],
  ];

  test.each(cases)("becomes a local event with the error: %s", (_name, chunk) => {
    const packets = decodeAll(chunk);
    expect(packets).toHaveLength(1);
    expect(isMalformed(packets[0]!)).toBe(true);
  });

  test("is a packet of more than the handshake needs, whatever frames may have", () => {
    const decoder = new (socketParser({ maxFrameBytes: 2 ** 22 }).Decoder)();
    const packets: Packet[] = [];
    decoder.on("decoded", (packet) => packets.push(packet as Packet));
    decoder.add(wire({ type: 0, nsp: "/", data: { token: "t".repeat(2 ** 16) } }));
    expect(packets.map(isMalformed)).toEqual([true]);
  });

  test("ends decoding until the decoder serves another connection", () => {
    const decoder = new Decoder();
    let count = 0;
    decoder.on("decoded", () => {
      count += 1;
    });
    for (const chunk of ["x", frame, "y"]) decoder.add(chunk);
    expect(count).toBe(1);
    decoder.destroy();
    decoder.add(frame);
    expect(count).toBe(2);
  });

  test("never throws into the socket library", () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 100 }).map((rest) => Uint8Array.of(0, ...rest)),
      fc.object().map(wire),
      fc.anything(),
    );
    fc.assert(
      fc.property(chunk, (one) => {
        expect(decodeAll(one)).toHaveLength(1);
      }),
    );
  });
});

describe("the decoder's events", () => {
  test("reach each listener until it is taken off", () => {
    const decoder = new Decoder();
    const heard: string[] = [];
    const always = () => heard.push("always");
    decoder.on("decoded", always).once("decoded", () => heard.push("once"));
    decoder.add(frame);
    decoder.add(frame);
    decoder.removeListener("decoded", always);
    decoder.add(frame);
    expect(heard).toEqual(["always", "once", "always"]);
  });
});
