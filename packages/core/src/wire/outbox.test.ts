import { describe, expect, test } from "vitest";
import { frameTags } from "./frames.ts";
import { defaultLimits } from "./limits.ts";
import { createMeter, readMeter } from "./meter.ts";
import { Outbox } from "./outbox.ts";
import { highWaterBytes, Pump } from "./pump.ts";

function outboxOf(limits = defaultLimits) {
  const meter = createMeter();
  return { meter, outbox: new Outbox({ limits, meter }) };
}

const tensor = (length: number) => ({
  name: "w",
  kind: "trunk" as const,
  values: new Float32Array(length),
});

describe("outbox", () => {
  test("lets a heartbeat go before what is queued, and keeps only the newest", () => {
    const { outbox } = outboxOf();
    outbox.push("m", [tensor(600_000)]);
    outbox.next();
    outbox.next();
    outbox.pushHeartbeat({ beat: 1 });
    outbox.pushHeartbeat({ beat: 2 });
    const tags = [outbox.next(), outbox.next(), outbox.next(), outbox.next()].map(
      (frame) => frame?.[0],
    );
    expect(tags).toEqual([frameTags.heartbeat, frameTags.chunk, frameTags.chunk, undefined]);
  });

  test("cuts tensors into chunks of 1 MB behind 16 bytes", () => {
    const { outbox } = outboxOf();
    outbox.push("m", [tensor(2 ** 18 + 1)]);
    outbox.next();
    expect([outbox.next()?.length, outbox.next()?.length]).toEqual([2 ** 20 + 16, 4 + 16]);
  });

  test("packs a message when it is queued, so that it may change afterwards", () => {
    const { outbox } = outboxOf();
    const message = { text: "before" };
    outbox.push(message);
    message.text = "after!";
    expect(new TextDecoder().decode(outbox.next())).toContain("before");
  });

  test("fills written frames again", () => {
    const { outbox } = outboxOf();
    outbox.push("m", [tensor(2 ** 19)]);
    outbox.next();
    const first = outbox.next()!;
    outbox.recycle(first);
    expect(outbox.next()).toBe(first);
  });

  test("refuses what the peer would refuse, and stays usable", () => {
    const { outbox } = outboxOf({ ...defaultLimits, maxFrameBytes: 1024, maxTensorBytes: 1024 });
    expect(() => outbox.push("x".repeat(2000))).toThrow("`maxFrameBytes`");
    expect(() => outbox.push("m", [tensor(257)])).toThrow("`maxTensorBytes`");
    outbox.push("fits");
    expect([outbox.next()?.[0], outbox.next()]).toEqual([frameTags.control, undefined]);
  });

  test("books a message whole when it is queued, to the byte that its frames have", () => {
    const { outbox, meter } = outboxOf();
    outbox.push("m", [tensor(2 ** 19 + 1), tensor(0), { ...tensor(10), kind: "heads" }]);
    const queued = readMeter(meter);
    expect(queued.byKind).toMatchObject({ trunk: 2 ** 21 + 4 + 3 * 16, heads: 40 + 16 });
    let handedOut = 0;
    for (let frame = outbox.next(); frame; frame = outbox.next()) handedOut += frame.length;
    expect(queued.sent).toBe(handedOut);
    expect(readMeter(meter)).toEqual(queued);
  });

  test("books a heartbeat only when it goes", () => {
    const { outbox, meter } = outboxOf();
    outbox.pushHeartbeat({ beat: 1 });
    outbox.pushHeartbeat({ beat: 2 });
    expect(readMeter(meter).sent).toBe(0);
    const { length } = outbox.next()!;
    expect(readMeter(meter)).toMatchObject({ sent: length, byKind: { heartbeat: length } });
  });

  test("takes off its account what was never handed out", () => {
    const { outbox, meter } = outboxOf();
    outbox.push("m", [tensor(2 ** 19)]);
    const [control, chunk] = [outbox.next()!.length, outbox.next()!.length];
    outbox.clear();
    outbox.clear();
    const { sent, byKind } = readMeter(meter);
    expect(byKind).toMatchObject({ control, trunk: chunk });
    expect(sent).toBe(control + chunk);
  });
});

describe("pump", () => {
  function pumpOf(length: number) {
    const { outbox } = outboxOf();
    const flying: Uint8Array[] = [];
    const events: string[] = [];
    outbox.push("m", [tensor(length)]);
    const write = (frame: Uint8Array) => void flying.push(frame);
    const pump = new Pump({ outbox, write, finished: () => events.push("finished") });
    return { outbox, pump, flying, events };
  }

  test("keeps no more in flight than the high water mark and a chunk", () => {
    const { pump, flying } = pumpOf(4_000_000);
    pump.run();
    const bytes = flying.reduce((sum, frame) => sum + frame.length, 0);
    expect(bytes).toBeGreaterThanOrEqual(highWaterBytes);
    expect(bytes).toBeLessThan(highWaterBytes + 2 ** 20 + 16);
  });

  test("goes on as frames are written, and finishes once after the last", () => {
    const { pump, flying, events } = pumpOf(4_000_000);
    pump.finish();
    let chunks = 0;
    for (let frame = flying.shift(); frame !== undefined; frame = flying.shift()) {
      expect(events).toEqual([]);
      chunks += 1;
      pump.written(frame);
    }
    expect(chunks).toBe(1 + Math.ceil((4 * 4_000_000) / 2 ** 20));
    pump.run();
    expect(events).toEqual(["finished"]);
  });

  test("finishes at once when nothing waits", () => {
    const { pump, flying, events } = pumpOf(0);
    pump.run();
    pump.written(flying[0]!);
    pump.finish();
    expect(events).toEqual(["finished"]);
  });
});
