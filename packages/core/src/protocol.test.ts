import { describe, expect, test } from "vitest";
import { ProtocolError } from "./errors.ts";
import { decodeWorkerMessage } from "./protocol.ts";

const at = { run: "r", memberEpoch: 0, phase: 0, trunkVersion: 0 };
const use = { peakBytes: 0 };
const scalars = { scalars: {}, methodScalars: {} };
const delivery = { type: "delivery", at, shard: 0, updates: {}, epochLosses: [], ...scalars, use };
const figures = { losses: {}, lossesAfter: {}, norms: {} };
const gradient = { type: "gradient", at, shard: 0, ...figures, dominance: {}, present: null, use };
const evaluated = { type: "evaluated", at, request: 0, shard: 0, tasks: {} };

function refusal(message: unknown): ProtocolError {
  try {
    decodeWorkerMessage(message);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const keyed = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));

describe("sizes that a peer decides", () => {
  const wrong = Array(1_000_000).fill(true);
  test.each([
    ["losses of a million wrong values", { ...gradient, losses: wrong }, "losses"],
    ["a million wrong losses of epochs", { ...delivery, epochLosses: wrong }, "epochLosses"],
    ["wrong losses of many epochs", { ...delivery, epochLosses: wrong.slice(1e5) }, "epochLosses"],
    ["too many updates", { ...delivery, updates: keyed(4097, 1) }, "updates"],
    ["too many scalars", { ...delivery, scalars: { a: keyed(4097, 1) } }, "scalars"],
    ["too many tasks", { ...evaluated, tasks: keyed(4097, { loss: 1, metrics: {} }) }, "tasks"],
    [
      "too many scalars of a method",
      { ...delivery, methodScalars: { a: keyed(4097, 1) } },
      "methodScalars",
    ],
    ["a million words", { ...gradient, present: wrong }, "present"],
    ["too many layers", { ...gradient, dominance: { a: Array(100_001).fill(0) } }, "dominance"],
    ["too many epochs", { ...delivery, epochLosses: Array(100_001).fill({}) }, "epochLosses"],
  ])("are refused at the first fault: %s", (_name, message, field) => {
    const started = performance.now();
    const { code, details } = refusal(message);
    // Collecting a million faults takes over a second.
    expect(performance.now() - started).toBeLessThan(200);
    expect({ code, field: details.field }).toEqual({ code: "protocol/malformed", field });
  });

  test("are accepted up to the limit", () => {
    const message = { ...evaluated, tasks: keyed(4096, { loss: 1, metrics: { accuracy: 1 } }) };
    expect(decodeWorkerMessage(message)).toEqual(message);
    const epochs = { ...delivery, epochLosses: Array(100_000).fill({ a: 0.5 }) };
    expect(decodeWorkerMessage(epochs)).toEqual(epochs);
  });

  test.each([
    ["a loss that is no number", { ...gradient, losses: { a: "1" } }],
    ["a loss that is not finite", { ...gradient, losses: { a: Number.NaN } }],
    ["a record that is an array", { ...gradient, losses: [1] }],
    ["a record that is bytes", { ...gradient, losses: Uint8Array.of(1) }],
    ["a norm that is not finite", { ...gradient, norms: { a: Number.POSITIVE_INFINITY } }],
    ["a stretch before the first", { type: "rows", at, shard: 0, chunk: -1, ...figures, use }],
    ["a negative word", { ...gradient, present: [-1] }],
    ["half a count", { ...delivery, updates: { a: 0.5 } }],
    ["a score without metrics", { ...evaluated, tasks: { a: { loss: 1 } } }],
    ["a score that is nil", { ...evaluated, tasks: { a: null } }],
    ["a key with an escape", { ...gradient, losses: { "\u001b[2J": 1 } }],
  ])("do not excuse wrong values: %s", (_name, message) => {
    expect(refusal(message).code).toBe("protocol/malformed");
  });
});

describe("texts of a stranger", () => {
  const hello = { type: "hello", protocol: 1, name: "host-1" };

  test("may name it in printable characters only", () => {
    expect(decodeWorkerMessage(hello)).toEqual(hello);
    for (const name of ["\u001b[2Jhost", "a\nb", "x".repeat(129)]) {
      expect(refusal({ ...hello, name }).details).toEqual({ field: "name" });
    }
  });

  test("lose what a terminal would obey", () => {
    expect(decodeWorkerMessage({ type: "goodbye", reason: "\u001b[31mdone\u0007" })).toEqual({
      type: "goodbye",
      reason: "[31mdone",
    });
    expect(refusal({ type: "\u001b[31mred" }).message).toBe('No message has the type "[31mred".');
  });

  test("keep the lines of a long message", () => {
    const failed = { type: "failed", code: "c", message: "one\n\ttwo", remedy: "" };
    expect(decodeWorkerMessage(failed)).toEqual(failed);
  });
});
