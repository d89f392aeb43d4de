import { sg } from "@trunkline/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gathered, type Play, planOf, playUntil } from "../../../test/play.ts";

/** Three shards, held by two workers: two by the first. */
const plan = planOf({
  shards: [["left"], ["middle"], ["right"]],
  taskWeights: { left: 1, middle: 1, right: 1 },
  headLengths: {
    left: { "left/weights": 2 },
    middle: { "middle/weights": 2 },
    right: { "right/weights": 2 },
  },
});

test("a phase begins with the weights that a worker lacks, then its work", () => {
  const run = gathered();
  expect(run.sent("a", "load")).toMatchObject([{ trunk: true }]);
  const loads = run.made("send").filter(({ message }) => message.type === "load");
  expect(loads.map(({ peer, heads }) => [peer, heads])).toEqual([
    ["a", ["left"]],
    ["b", ["right"]],
  ]);
  expect(run.sent("b", "beginPhase")).toEqual([
    {
      type: "beginPhase",
      at: { run: "run", memberEpoch: 1, phase: 0, trunkVersion: 0 },
      kind: "shared",
      firstEpoch: 0,
      epochs: 1,
      shards: [1],
      learningRateScale: 1,
      weights: [],
    },
  ]);
});

test("gradients are reduced in the order of shards, whatever the order of arrival", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (order) => {
      const run = gathered(plan);
      const handles = new Map<number, number>();
      for (const shard of order) {
        run.gradient(run.state.holders[shard]!, shard, {});
        handles.set(shard, handles.size);
      }
      expect(run.made("commit")).toMatchObject([
        {
          trunkVersion: 1,
          epoch: 0,
          gradients: [0, 1, 2].map((shard) => ({ handle: handles.get(shard) })),
        },
      ]);
      expect(run.told("step")).toEqual([
        {
          type: "step",
          phase: 0,
          epoch: 0,
          step: 0,
          trunkVersion: 1,
          losses: { left: 1, middle: 2, right: 3 },
          members: ["w0", "w0", "w1"],
        },
      ]);
      expect(Object.keys(run.told("step")[0]!.losses)).toEqual(["left", "middle", "right"]);
    }),
  );
});

test("statistics travel with their gradients, in the same order", () => {
  const run = gathered(planOf({ gradientLengths: { gradient: 3, statistics: 2 } }));
  run.gradient("b", 1, {}, { statistics: 2, gradient: 3 });
  run.gradient("a", 0, {}, { gradient: 3, statistics: 2 });
  expect(run.made("commit")).toMatchObject([
    { gradients: [{ handle: 2 }, { handle: 1 }], statistics: [3, 0] },
  ]);
});

test("the new trunk goes to who holds shards, at its version", () => {
  const run = gathered();
  run.gradient("a", 0);
  expect(run.sent("a", "trunk")).toEqual([]);
  run.gradient("b", 1);
  for (const [memberEpoch, peer] of ["a", "b"].entries()) {
    const at = { run: "run", memberEpoch, phase: 0, trunkVersion: 1 };
    expect(run.sent(peer, "trunk")).toEqual([{ type: "trunk", at, weights: [] }]);
  }
});

test("no other trunk is sent, nor heads, to who holds them already", () => {
  const run = gathered(planOf({ epochs: 4 }));
  playUntil(run, () => false);
  expect(run.sent("a", "load")).toHaveLength(1);
  expect(run.sent("b", "load")).toHaveLength(1);
  expect(run.sent("a", "trunk")).toHaveLength(4);
});

describe("a gradient is stale", () => {
  const expectStale = (run: Play, peer: string, advice = "wait") => {
    const { memberEpoch, phase, trunkVersion } = run.place(peer);
    expect(run.sent(peer, "stale")).toEqual([
      { type: "stale", at: { run: "run", memberEpoch, phase, trunkVersion }, advice },
    ]);
    expect(run.closed(peer)).toBe(false);
  };

  test("at an earlier trunk", () => {
    const run = gathered();
    run.gradient("a", 0);
    run.gradient("b", 1);
    run.gradient("a", 0, { trunkVersion: 0 });
    expectStale(run, "a");
    expect(run.held.size).toBe(0);
    run.gradient("a", 0);
    run.gradient("b", 1);
    expect(run.made("commit")).toHaveLength(2);
  });

  test("of a shard that is in", () => {
    const run = gathered();
    run.gradient("a", 0);
    run.gradient("a", 0);
    expectStale(run, "a");
    expect(run.held).toEqual(new Set([0]));
  });

  test("of a shard that another worker holds, or that there is not", () => {
    const run = gathered();
    run.gradient("b", 0);
    expectStale(run, "b");
    run.gradient("a", 7);
    expectStale(run, "a");
    expect(run.held.size).toBe(0);
  });

  test("of an earlier membership", () => {
    const run = gathered();
    run.gradient("b", 1, { memberEpoch: 0 });
    expectStale(run, "b", "leave");
  });

  test("outside of a round", () => {
    const run = gathered();
    playUntil(run, ({ stage }) => stage === "delivery");
    run.gradient("a", 0);
    expectStale(run, "a");
    expect(run.held.size).toBe(0);
  });
});

test.each([
  ["of another length", { gradient: 4 }],
  ["missing", {}],
  ["with more beside it", { gradient: 3, statistics: 2 }],
  ["under another name", { weights: 3 }],
])("a gradient %s is malformed: its worker is refused and nothing is kept", (_, tensors) => {
  const run = gathered();
  run.gradient("a", 0, {}, tensors as Record<string, number>);
  expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
  expect(run.closed("a")).toBe(true);
  expect(run.held.size).toBe(0);
});

test("a round that stalls names whom it waits for", () => {
  const run = gathered(plan);
  run.gradient("a", 0);
  run.gradient("b", 2);
  for (let second = 0; second < 30; second++) {
    expect(run.stage).toBe("round");
    run.wait(1_000);
    run.heartbeat("a");
    run.heartbeat("b");
    run.drive({ type: "tick" });
  }
  expect(run.told("runFailed")).toMatchObject([
    { code: "run/timeout", message: expect.stringMatching(/waiting for A\.$/) },
  ]);
  expect(run.held.size).toBe(0);
});

test("a joint phase ends with heads after its last round", () => {
  const run = gathered(planOf({ schedule: sg(), epochs: 1 }));
  playUntil(run, ({ stage }) => stage === "delivery");
  expect(run.state.updates).toEqual({ trunk: 2, heads: { left: 0, right: 0 } });
  playUntil(run, ({ stage }) => stage === "evaluating");
  expect(run.state.updates).toEqual({ trunk: 2, heads: { left: 2, right: 2 } });
  expect(run.told("edge")).toMatchObject([{ phase: 0, epoch: 1, trunkVersion: 2 }]);
});

test("a phase's record has its peak over workers and what was waited for", () => {
  const run = gathered();
  run.wait(2_000);
  run.gradient("a", 0);
  run.wait(1_000);
  run.gradient("b", 1);
  run.wait(500);
  playUntil(run, ({ state }) => state.phase === 1);
  expect(run.made("closePhase")).toMatchObject([
    {
      phase: 0,
      record: { kind: "shared", firstEpoch: 0, epochs: 1, seconds: 3.5, peakBytes: 101 },
    },
  ]);
  expect(run.made("closePhase")[0]!.record.waits).toEqual({ gradients: 3.5 });
});
