import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ProtocolError } from "../errors.ts";
import { type Assembled, Assembler } from "./assembler.ts";
import type { NamedTensor } from "./connection.ts";
import { controlFrame, type Envelope } from "./frames.ts";
import { defaultLimits, guestLimits, type Limits, maxGuestFrameBytes } from "./limits.ts";
import { createMeter, readMeter } from "./meter.ts";
import { Outbox } from "./outbox.ts";

fc.configureGlobal({ seed: 1 });

const limits: Limits = {
  maxFrameBytes: 4096,
  maxTensorBytes: 8192,
  maxTensorsPerMessage: 3,
  maxPendingBytes: 12_288,
};
const chunkBytes = 1024;

function ramp(length: number, name = "w"): NamedTensor {
  return { name, kind: "trunk", values: Float32Array.from({ length }, (_, i) => i + 0.5) };
}

function framesOf(outbox: Outbox): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = outbox.next(); frame !== undefined; frame = outbox.next()) frames.push(frame);
  return frames;
}

function encode(message: unknown, tensors: NamedTensor[] = []): Uint8Array[] {
  const outbox = new Outbox({ limits, meter: createMeter(), chunkBytes });
  outbox.push(message, tensors);
  return framesOf(outbox);
}

function assembler(own: Limits = limits) {
  return new Assembler({ limits: own, meter: createMeter() });
}

function acceptAll(frames: Uint8Array[], one = assembler()): Assembled[] {
  return frames.map((frame) => one.accept(frame)).filter((got) => got !== undefined);
}

/** The same bytes at an address that suits no typed array. */
function unaligned(frame: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(frame.length + 3);
  buffer.set(frame, 3);
  return buffer.subarray(3);
}

function envelope(fields: Partial<Envelope>): Uint8Array {
  return controlFrame({ message: 1, tensors: [], transfer: 0, ...fields }, "control").bytes;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

describe("a message", () => {
  test("without tensors is there with its frame", () => {
    expect(acceptAll(encode({ type: "hello" }))).toEqual([
      { message: { type: "hello" }, tensors: [] },
    ]);
  });

  test("comes back with all of its tensors, whatever their lengths and addresses", () => {
    const tensors = fc.array(
      fc.record({
        name: fc.string({ maxLength: 20 }),
        kind: fc.constantFrom("trunk", "gradients", "heads", "optimizer"),
        values: fc.float32Array({ maxLength: 900 }),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(tensors, { maxLength: 4 }), fc.boolean(), (messages, shift) => {
        const outbox = new Outbox({ limits, meter: createMeter(), chunkBytes });
        for (const [index, list] of messages.entries()) outbox.push(index, list as NamedTensor[]);
        const frames = framesOf(outbox).map((frame) => (shift ? unaligned(frame) : frame));
        const got = acceptAll(frames);
        expect(got.map(({ message }) => message)).toEqual(messages.map((_, index) => index));
        expect(got.map((one) => one.tensors)).toEqual(messages);
      }),
    );
  });

  test("arrives with its last chunk and not before", () => {
    const frames = encode("m", [ramp(300), ramp(0, "empty"), ramp(600, "v")]);
    const one = assembler();
    const early = frames.slice(0, -1).map((frame) => one.accept(frame));
    expect(early.every((got) => got === undefined)).toBe(true);
    expect(one.accept(frames.at(-1)!)?.tensors.map(({ name }) => name)).toEqual([
      "w",
      "empty",
      "v",
    ]);
  });

  test("lets only heartbeats come between its frames", () => {
    const frames = encode("m", [ramp(600)]);
    const beat = controlFrame({ message: "beat", tensors: [], transfer: 9 }, "heartbeat").bytes;
    const got = acceptAll([frames[0]!, beat, ...frames.slice(1)]);
    expect(got.map(({ message }) => message)).toEqual(["beat", "m"]);
  });

  test("is booked byte for byte under its kinds, on both sides", () => {
    const [sent, received] = [createMeter(), createMeter()];
    const outbox = new Outbox({ limits, meter: sent, chunkBytes });
    outbox.push("m", [ramp(600), { ...ramp(10, "g"), kind: "gradients" }]);
    outbox.pushHeartbeat("beat");
    const frames = framesOf(outbox);
    acceptAll(frames, new Assembler({ limits, meter: received }));
    const total = frames.reduce((sum, frame) => sum + frame.length, 0);
    const counts = readMeter(sent);
    expect(counts.sent).toBe(total);
    // Three chunks with a header of 16 bytes, and one.
    expect(counts.byKind).toMatchObject({ trunk: 2400 + 3 * 16, gradients: 40 + 16, heads: 0 });
    expect(readMeter(received)).toEqual({ ...counts, sent: 0, received: total });
  });
});

describe("a peer that breaks the order", () => {
  const frames = encode("m", [ramp(600), ramp(600, "v")]);
  const other = encode("n", [ramp(600)]);
  const chunk = (change: (view: DataView) => void) => {
    const copy = frames[1]!.slice();
    change(new DataView(copy.buffer));
    return [frames[0]!, copy];
  };
  const cases: [string, Uint8Array[]][] = [
    ["sends a chunk without a message", [frames[1]!]],
    ["sends a chunk twice", [frames[0]!, frames[1]!, frames[1]!]],
    ["leaves a chunk out", [frames[0]!, frames[2]!]],
    ["begins with another tensor", [frames[0]!, frames[4]!]],
    ["begins another message too early", [frames[0]!, other[0]!]],
    ["names an unknown transfer", chunk((view) => view.setUint32(4, 77, true))],
    [
      "overlaps what is there",
      [...chunk(() => {}), chunk((view) => view.setUint32(8, 255, true))[1]!],
    ],
    ["goes beyond the tensor", chunk((view) => view.setUint32(12, 601, true))],
    ["sends an empty chunk", [frames[0]!, emptied(frames[1]!)]],
    ["cuts a chunk", [frames[0]!, frames[1]!.subarray(0, 500)]],
    ["cuts a header", [frames[0]!, frames[1]!.subarray(0, 9)]],
    ["sends an empty frame", [new Uint8Array(0)]],
    ["invents a tag", [Uint8Array.of(9, 1, 2)]],
    ["forgets the envelope", [Uint8Array.of(1, 0xc0)]],
    [
      "invents a kind",
      [envelope({ tensors: [{ name: "w", kind: "gold" as "trunk", length: 1 }] })],
    ],
    ["counts backwards", [envelope({ tensors: [{ name: "w", kind: "trunk", length: -1 }] })]],
  ];

  test.each(cases)("is found out when it %s", (_name, sent) => {
    expect(codeOf(() => acceptAll(sent))).toBe("protocol/malformed");
  });

  test("is found out when a heartbeat carries tensors", () => {
    const tensors = [{ name: "w", kind: "trunk" as const, length: 1 }];
    const { bytes } = controlFrame({ message: 1, tensors, transfer: 0 }, "heartbeat");
    expect(codeOf(() => assembler().accept(bytes))).toBe("protocol/malformed");
  });
});

function emptied(frame: Uint8Array): Uint8Array {
  const header = frame.slice(0, 16);
  new DataView(header.buffer).setUint32(12, 0, true);
  return header;
}

describe("sizes", () => {
  afterEach(() => void vi.unstubAllGlobals());

  const head = (length: number) => ({ name: "w", kind: "trunk" as const, length });
  const cases: [string, Uint8Array][] = [
    ["a frame", new Uint8Array(4097).fill(1)],
    ["a tensor", envelope({ tensors: [head(2049)] })],
    ["the largest tensor that can be declared", envelope({ tensors: [head(0xffff_ffff)] })],
    ["all tensors together", envelope({ tensors: [head(2048), head(1024), head(1)] })],
    ["the number of tensors", envelope({ tensors: Array(4).fill(head(0)) })],
  ];

  test.each(cases)("over the limit are refused before memory is taken: %s", (_name, frame) => {
    expect(codeOf(() => assembler().accept(frame))).toBe("protocol/too-large");
  });

  test("at the limit are accepted", () => {
    const [got] = acceptAll(encode("m", [ramp(2048), ramp(1024, "v")]));
    expect(got?.tensors.map(({ values }) => values.length)).toEqual([2048, 1024]);
  });

  test("take memory only when the first chunk is there", () => {
    const taken = countMemory();
    const one = assembler();
    one.accept(envelope({ tensors: [head(2048), head(1024)] }));
    expect(taken.elements).toBe(0);
  });

  test("that the machine has no memory for are the peer's end, not ours", () => {
    const [control, chunk] = encode("m", [ramp(5)]);
    const one = assembler();
    one.accept(control!);
    vi.stubGlobal(
      "Float32Array",
      class {
        constructor() {
          throw new RangeError("Array buffer allocation failed");
        }
      },
    );
    expect(codeOf(() => one.accept(chunk!))).toBe("protocol/too-large");
  });

  test("of a guest are small, and no tensors, until the limits are raised", () => {
    const one = assembler(guestLimits(defaultLimits));
    const long = envelope({ message: "x".repeat(maxGuestFrameBytes) });
    const withTensor = envelope({ tensors: [head(0)] });
    for (const frame of [long, withTensor]) {
      expect(codeOf(() => one.accept(frame))).toBe("protocol/too-large");
    }
    expect(one.accept(envelope({}))).toBeDefined();
    one.setLimits(defaultLimits);
    for (const frame of [long, withTensor]) expect(one.accept(frame)).toBeDefined();
  });

  test("stay bounded, and errors typed, whatever a peer does to valid frames", () => {
    const valid = [
      ...encode("m", [ramp(600), ramp(3, "v")]),
      ...encode({ n: 1 }),
      ...encode("z", [ramp(9)]),
    ];
    const mutation = fc.record({
      frame: fc.nat(),
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(mutation, { maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (list, order) => {
          const frames = mutate(valid, list, order);
          const taken = countMemory();
          expect(["nothing thrown", "protocol/malformed", "protocol/too-large"]).toContain(
            codeOf(() => acceptAll(frames)),
          );
          expect(4 * taken.elements).toBeLessThanOrEqual(3 * limits.maxPendingBytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("stay bounded, and errors typed, for random bytes behind each tag", () => {
    const frame = fc
      .tuple(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 64 }))
      .map(([tag, rest]) => Uint8Array.of(tag, ...rest));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), (frames) => {
        expect(codeOf(() => acceptAll(frames, assembler(defaultLimits)))).toMatch(
          /^(protocol|nothing)/,
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

interface Mutation {
  frame: number;
  at: number;
  byte: number;
  cut: boolean;
}

/** Frames with bytes changed or cut off, and now and then one moved. */
function mutate(valid: Uint8Array[], mutations: Mutation[], order: Iterator<number>): Uint8Array[] {
  const frames = valid.map((frame) => frame.slice());
  for (const { frame, at, byte, cut } of mutations) {
    const target = frames[frame % frames.length]!;
    // Mostly in the header, where it hurts.
    const position = at % Math.min(target.length, at % 3 === 0 ? target.length : 24);
    target[position] = byte;
    if (cut) frames[frame % frames.length] = target.subarray(0, Math.max(1, position));
    if (order.next().value % 4 === 0) frames.push(...frames.splice(at % frames.length, 1));
  }
  return frames;
}

/** Counts what is taken by `new Float32Array(length)` from here on. */
function countMemory(): { elements: number } {
  const taken = { elements: 0 };
  const counted = new Proxy(Float32Array, {
    construct(target, args: [number]) {
      if (typeof args[0] === "number") taken.elements += args[0];
      return Reflect.construct(target, args);
    },
  });
  vi.unstubAllGlobals();
  vi.stubGlobal("Float32Array", counted);
  return taken;
}
