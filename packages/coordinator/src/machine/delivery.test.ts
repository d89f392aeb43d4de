import { ateSg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { gathered, type Play, planOf, playUntil } from "../../test/play.ts";

/** A run in a head phase of three epochs. */
function leased(): Play {
  const schedule = ateSg({ headEpochs: 3 });
  const run = gathered(planOf({ schedule, epochs: 4 }));
  playUntil(run, ({ stage }) => stage === "delivery");
  return run;
}

test("each shard is leased once, to its holder, for the whole phase", () => {
  const run = leased();
  expect(run.sent("b", "lease")).toEqual([
    {
      type: "lease",
      at: { run: "run", memberEpoch: 1, phase: 1, trunkVersion: 2 },
      shard: 1,
      firstEpoch: 1,
      epochs: 3,
      learningRateScale: 1,
      weights: [],
    },
  ]);
  expect(run.sent("a", "lease")).toHaveLength(1);
});

test("heads are stored by task, and the phase ends when the last shard is in", () => {
  const run = leased();
  run.heads("b", 1);
  expect(run.made("storeHead")).toMatchObject([
    {
      task: "right",
      tensors: [{ name: "right/weights" }, { name: "right/optimizer/velocity" }],
      scalars: { power: 0.5 },
    },
  ]);
  expect(run.stage).toBe("delivery");
  run.heads("a", 0);
  expect(run.told("edge").at(-1)).toMatchObject({ phase: 1, epoch: 4, trunkVersion: 2 });
  expect(run.told("headsDelivered").map(({ shard, member }) => [shard, member])).toEqual([
    [1, "w1"],
    [0, "w0"],
  ]);
  expect(run.held.size).toBe(0);
});

describe("heads are stale", () => {
  test.each([
    ["of a shard that is in", 1, {}, "wait"],
    ["of a shard that there is not", 9, {}, "wait"],
    ["of an earlier phase", 0, { phase: 0 }, "wait"],
    ["of another membership", 0, { memberEpoch: 5 }, "leave"],
    ["of another run", 0, { run: "other" }, "leave"],
  ])("%s: the first arrival counts, and the sender is told", (_, shard, at, advice) => {
    const run = leased();
    run.heads("b", 1);
    const peer = shard === 0 ? "a" : "b";
    run.heads(peer, shard, at);
    expect(run.sent(peer, "stale")).toMatchObject([{ advice, at: { phase: 1 } }]);
    expect(run.made("storeHead")).toHaveLength(1);
    expect(run.held.size).toBe(0);
    run.heads("a", 0);
    expect(run.stage).toBe("evaluating");
    expect(run.state.updates.heads).toEqual({ left: 2, right: 2 });
  });

  test("outside of a head phase", () => {
    const run = gathered();
    run.heads("a", 0);
    expect(run.sent("a", "stale")).toHaveLength(1);
    expect(run.held.size).toBe(0);
  });
});

test.each([
  ["of another length", { "left/weights": 3, "left/optimizer/velocity": 2 }],
  ["without their optimizer", { "left/weights": 2 }],
  ["of another task", { "right/weights": 4, "right/optimizer/velocity": 4 }],
  ["with more beside them", { "left/weights": 2, "left/optimizer/velocity": 2, more: 1 }],
])("heads %s are malformed", (_, tensors) => {
  const run = leased();
  run.heads("a", 0, {}, tensors as unknown as Record<string, number>);
  expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
  expect(run.made("storeHead")).toEqual([]);
  expect(run.held.size).toBe(0);
});

test.each([
  ["the optimizer's scalars", { scalars: {} }],
  ["the number of updates", { updates: { right: 2 } }],
])("heads without %s of each task are malformed", (_, changes) => {
  const run = leased();
  run.heads("a", 0, {}, undefined, changes);
  expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
  expect(run.made("storeHead")).toEqual([]);
  expect(run.held.size).toBe(0);
});

describe("a head phase", () => {
  const progress = (step: number) => ({
    phase: 1,
    shard: 1,
    epoch: 1,
    step,
    losses: { right: 0.5 },
  });

  function seconds(run: Play, count: number, tell: (second: number) => void) {
    for (let second = 1; second <= count; second++) {
      run.wait(1_000);
      tell(second);
      run.drive({ type: "tick" });
    }
  }

  test("goes on as long as one lease makes progress, which is told", () => {
    const run = leased();
    seconds(run, 60, (second) => {
      run.heartbeat("a");
      run.heartbeat("b", progress(second));
    });
    expect(run.stage).toBe("delivery");
    expect(run.told("headProgress")).toHaveLength(60);
    expect(run.told("headProgress")[0]).toEqual({ type: "headProgress", ...progress(1) });
  });

  test("without progress fails, and names whom it waits for", () => {
    const run = leased();
    run.heads("a", 0);
    seconds(run, 30, () => {
      run.heartbeat("a");
      run.heartbeat("b", progress(7));
    });
    expect(run.told("runFailed")).toEqual([]);
    seconds(run, 1, () => {
      run.heartbeat("a");
      run.heartbeat("b", progress(7));
    });
    expect(run.told("headProgress")).toHaveLength(1);
    expect(run.told("runFailed")).toMatchObject([
      { code: "run/timeout", message: expect.stringMatching(/waiting for B\.$/) },
    ]);
  });

  test("takes no progress of another phase", () => {
    const run = leased();
    run.heartbeat("b", { ...progress(1), phase: 0 });
    expect(run.told("headProgress")).toEqual([]);
  });

  test("that starts a run sends trunk and heads first", () => {
    const run = gathered(planOf({ schedule: ateSg({ first: "head" }) }));
    expect(run.stage).toBe("delivery");
    const [load, lease] = run
      .made("send")
      .filter(({ peer }) => peer === "a")
      .slice(-2);
    expect(load).toMatchObject({ message: { type: "load", trunk: true }, heads: ["left"] });
    expect(lease).toMatchObject({ message: { type: "lease", shard: 0 } });
  });
});
