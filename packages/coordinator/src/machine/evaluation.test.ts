import { ateSg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { gathered, type Play, planOf, playUntil } from "../../test/play.ts";

/** A run at the end of its only cycle, evaluating validation. */
function evaluating(changes: Parameters<typeof planOf>[0] = {}): Play {
  const run = gathered(planOf(changes));
  playUntil(run, ({ stage }) => stage === "evaluating");
  return run;
}

test("the holders of shards are asked for their own", () => {
  const run = evaluating();
  expect(run.sent("b", "evaluate")).toEqual([
    {
      type: "evaluate",
      at: { run: "run", memberEpoch: 1, phase: 1, trunkVersion: 2 },
      request: 0,
      split: "validation",
      shards: [1],
    },
  ]);
});

test("scores come in the order of tasks, with their weighted sum", () => {
  const run = evaluating();
  run.evaluated("b", 1, 4);
  expect(run.told("evaluated")).toEqual([]);
  run.evaluated("a", 0, 1);
  const [told] = run.told("evaluated");
  expect(told).toMatchObject({ split: "validation", epoch: 2, loss: 1 + 0.5 * 4, best: true });
  expect(Object.keys(told!.tasks)).toEqual(["left", "right"]);
  expect(run.sent("a", "evaluate").at(-1)).toMatchObject({ request: 1, split: "test" });
});

describe("a score is stale", () => {
  test.each([
    ["of an earlier request", "a", 0, { request: 7 }],
    ["of a shard that is in", "b", 1, {}],
    ["of a shard that another holds", "b", 0, {}],
    ["of a shard that there is not", "a", 5, {}],
  ])("%s", (_, peer, shard, changes) => {
    const run = evaluating();
    run.evaluated("b", 1);
    run.evaluated(peer, shard, 9, changes);
    expect(run.sent(peer, "stale")).toMatchObject([{ advice: "wait" }]);
    expect(run.stage).toBe("evaluating");
    run.evaluated("a", 0, 1);
    expect(run.told("evaluated")).toMatchObject([{ loss: 1.5 }]);
  });

  test("outside of an evaluation", () => {
    const run = gathered();
    run.evaluated("a", 0);
    expect(run.sent("a", "stale")).toHaveLength(1);
  });
});

test.each([
  ["of no task", {}],
  ["of another task", { right: { loss: 1, metrics: {} } }],
  ["of more tasks", { left: { loss: 1, metrics: {} }, right: { loss: 1, metrics: {} } }],
])("scores %s are malformed", (_, tasks) => {
  const run = evaluating();
  run.evaluated("a", 0, 1, { tasks });
  expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
  expect(run.stage).toBe("evaluating");
});

test("scores that bring tensors are malformed, and keep nothing", () => {
  const run = evaluating();
  run.evaluated("a", 0, 1, {}, { weights: 3 });
  expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
  run.evaluated("b", 1, 1, { request: 7 }, { weights: 3 });
  expect(run.sent("b", "stale")).toHaveLength(1);
  expect(run.held.size).toBe(0);
});

test("an evaluation that stalls names whom it waits for", () => {
  const run = evaluating();
  run.evaluated("a", 0);
  run.wait(29_999);
  run.heartbeat("a");
  run.heartbeat("b");
  run.drive({ type: "tick" });
  expect(run.stage).toBe("evaluating");
  run.wait(1);
  run.drive({ type: "tick" });
  expect(run.told("runFailed")).toMatchObject([
    { code: "run/timeout", message: expect.stringMatching(/waiting for B\.$/) },
  ]);
});

describe("early stopping", () => {
  const earlyStopping = { patience: 2, minDelta: 0, restoreBest: true };

  /** Plays on, giving the validation losses in turn. */
  function withLosses(run: Play, losses: number[]): void {
    const left = [...losses];
    while (run.stage !== "ended") {
      playUntil(run, ({ stage }) => stage === "evaluating");
      const { state } = run;
      if (state.stage.name !== "evaluating") return;
      const loss = state.stage.split === "validation" ? left.shift()! : 1;
      run.evaluated("a", 0, loss);
      run.evaluated("b", 1, loss);
    }
  }

  test("restores the best edge before the result is measured", () => {
    const run = gathered(planOf({ epochs: 20, earlyStopping }));
    withLosses(run, [3, 2, 4]);
    expect(run.told("evaluated").map(({ split, best }) => [split, best])).toEqual([
      ["validation", true],
      ["validation", true],
      ["validation", false],
      ["test", false],
    ]);
    expect(run.made("keepBest")).toHaveLength(2);
    expect(run.told("earlyStopped")).toEqual([{ type: "earlyStopped", epoch: 6, bestEpoch: 4 }]);
    expect(run.made("restore")).toEqual([{ type: "restore", what: "best" }]);
    expect(run.made("finish")).toMatchObject([{ status: "finished", epochs: 6 }]);
    // The restored weights go to the workers, who hold later ones.
    expect(run.sent("a", "load").at(-1)).toMatchObject({ trunk: true, at: { trunkVersion: 4 } });
    const loads = run.made("send").filter(({ message }) => message.type === "load");
    expect(loads.at(-1)).toMatchObject({ heads: ["right"] });
  });

  test("restores nothing where the last edge is the best", () => {
    const run = gathered(planOf({ epochs: 4, earlyStopping }));
    withLosses(run, [3, 2]);
    expect(run.made("restore")).toEqual([]);
    expect(run.sent("a", "load")).toHaveLength(1);
  });

  test("restores heads alone where only they moved since", () => {
    const schedule = ateSg({ first: "head" });
    const patient = { ...earlyStopping, patience: 10 };
    const run = gathered(planOf({ schedule, epochs: 3, earlyStopping: patient }));
    withLosses(run, [2, 3]);
    expect(run.made("restore")).toEqual([{ type: "restore", what: "best" }]);
    expect(run.sent("a", "load").at(-1)).toMatchObject({ trunk: false });
  });
});
