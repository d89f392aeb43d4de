import { sg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { enter, gathered, type Play, planOf, play, playUntil } from "../../test/play.ts";

/** What a usable end has: one finish, workers told, nothing held, one record per phase that began. */
function expectEnded(run: Play, status: "stopped" | "failed" | "finished"): void {
  expect(run.stage).toBe("ended");
  expect(run.made("finish")).toMatchObject([{ status }]);
  expect(run.held.size).toBe(0);
  expect(run.made("closePhase")).toHaveLength(run.told("phaseStarted").length);
  for (const peer of Object.keys(run.state.members)) expect(run.sent(peer, "stop")).toHaveLength(1);
}

const finished = (run: Play) => run.made("finish")[0]!;

describe("a stop", () => {
  test("while gathering ends at once, with the initial state", () => {
    const run = play();
    run.drive({ type: "started" });
    enter(run, "a");
    run.drive({ type: "stop" });
    expectEnded(run, "stopped");
    expect(finished(run)).toMatchObject({ epochs: 0, tasks: {}, backend: "cpu 1" });
    expect(run.made("restore")).toEqual([]);
  });

  test("inside a round drops what came since the edge, measures that, and ends", () => {
    const run = gathered(planOf({ epochs: 4 }));
    playUntil(run, ({ state }) => state.phase === 2);
    run.gradient("a", 0);
    run.gradient("b", 1);
    run.gradient("a", 0);
    expect(run.state.versions.trunk).toBe(3);
    run.drive({ type: "stop" });
    expect(run.made("restore")).toEqual([{ type: "restore", what: "last" }]);
    expect(run.sent("a", "abandon")).toMatchObject([{ at: { phase: 2, trunkVersion: 2 } }]);
    expect(run.sent("a", "evaluate").at(-1)).toMatchObject({ split: "test" });
    // Whatever the workers hold by now is replaced.
    expect(run.sent("b", "load").at(-1)).toMatchObject({ trunk: true, at: { trunkVersion: 2 } });
    expect(run.made("send").at(-2)).toMatchObject({ message: { type: "load" }, heads: ["right"] });
    playUntil(run, () => false);
    expectEnded(run, "stopped");
    expect(finished(run)).toMatchObject({
      epochs: 2,
      updates: { trunk: 2, heads: { left: 2, right: 2 } },
    });
    expect(run.made("closePhase").map(({ record }) => record.epochs)).toEqual([1, 1, 0]);
  });

  test("inside a head phase drops the heads that are in", () => {
    const run = gathered();
    playUntil(run, ({ stage }) => stage === "delivery");
    run.heads("a", 0);
    run.drive({ type: "stop" });
    expect(run.made("restore")).toEqual([{ type: "restore", what: "last" }]);
    run.heads("b", 1);
    expect(run.sent("b", "stale")).toHaveLength(1);
    playUntil(run, () => false);
    expectEnded(run, "stopped");
    expect(finished(run)).toMatchObject({
      epochs: 1,
      updates: { trunk: 2, heads: { left: 0, right: 0 } },
    });
  });

  test("while heads of a joint phase come in goes back before the phase", () => {
    const run = gathered(planOf({ schedule: sg(), epochs: 2 }));
    playUntil(run, ({ stage }) => stage === "delivery");
    run.drive({ type: "stop" });
    playUntil(run, () => false);
    expectEnded(run, "stopped");
    expect(finished(run)).toMatchObject({ epochs: 0, updates: { trunk: 0 } });
  });

  test("at an edge keeps the edge", () => {
    const run = gathered();
    run.gradient("a", 0);
    run.gradient("b", 1);
    run.gradient("a", 0);
    run.unanswered(() => {
      run.gradient("b", 1);
      run.drive({ type: "committed", trunkVersion: 2 });
    });
    expect(run.stage).toBe("edge");
    run.drive({ type: "stop" });
    expect(run.stage).toBe("edge");
    run.drive(run.edgeSaved());
    playUntil(run, () => false);
    expectEnded(run, "stopped");
    expect(run.made("restore")).toEqual([]);
    expect(finished(run)).toMatchObject({ epochs: 1, updates: { trunk: 2 } });
    expect(run.told("phaseStarted")).toHaveLength(1);
  });

  test("while evaluating finishes the evaluation, then measures the result", () => {
    const run = gathered(planOf({ epochs: 4 }));
    playUntil(run, ({ stage }) => stage === "evaluating");
    run.drive({ type: "stop" });
    expect(run.stage).toBe("evaluating");
    playUntil(run, () => false);
    expectEnded(run, "stopped");
    expect(run.told("evaluated").map(({ split }) => split)).toEqual(["validation", "test"]);
    expect(run.told("earlyStopped")).toEqual([]);
    expect(finished(run).epochs).toBe(2);
  });

  test("ends with the last edge, where the best one is wanted of a run that finishes", () => {
    const earlyStopping = { patience: 9, minDelta: 0, restoreBest: true };
    const run = gathered(planOf({ epochs: 6, earlyStopping }));
    for (const loss of [1, 2]) {
      playUntil(run, ({ stage }) => stage === "evaluating");
      if (loss === 2) run.drive({ type: "stop" });
      run.evaluated("a", 0, loss);
      run.evaluated("b", 1, loss);
    }
    playUntil(run, () => false);
    expectEnded(run, "stopped");
    expect(run.made("restore")).toEqual([]);
    expect(finished(run).epochs).toBe(4);
  });

  test("while the result is measured comes too late", () => {
    const run = gathered();
    playUntil(run, ({ state: { stage } }) => stage.name === "evaluating" && stage.final);
    run.drive({ type: "stop" });
    playUntil(run, () => false);
    expectEnded(run, "finished");
  });

  test("a second time, and after the end, does nothing", () => {
    const run = gathered();
    run.drive({ type: "stop" });
    const before = run.made("send").length;
    run.drive({ type: "stop" });
    expect(run.made("send")).toHaveLength(before);
    playUntil(run, () => false);
    run.drive({ type: "stop" });
    expectEnded(run, "stopped");
  });
});

describe("a failure", () => {
  const broken = {
    type: "broken",
    code: "run/not-finite",
    message: "NaN.",
    remedy: "Less.",
  } as const;

  test("goes back to the last edge and says why", () => {
    const run = gathered(planOf({ epochs: 4 }));
    playUntil(run, ({ state }) => state.phase === 2);
    run.gradient("b", 1);
    run.drive(broken);
    expectEnded(run, "failed");
    expect(run.told("runFailed")).toEqual([{ ...broken, type: "runFailed" }]);
    expect(run.made("restore")).toEqual([{ type: "restore", what: "last" }]);
    expect(finished(run)).toMatchObject({
      epochs: 2,
      updates: { trunk: 2, heads: { left: 2, right: 2 } },
      tasks: {},
    });
  });

  test.each(["round", "delivery", "evaluating"] as const)(
    "of a worker in stage %s ends the run once",
    (stage) => {
      const run = gathered();
      playUntil(run, (playing) => playing.stage === stage);
      run.drive({ type: "closed", peer: "a", reason: "gone" });
      run.drive({ type: "closed", peer: "b", reason: "gone too" });
      expectEnded(run, "failed");
      expect(run.told("runFailed")).toHaveLength(1);
    },
  );

  test("of an edge that cannot be saved goes back to the one before", () => {
    const run = gathered();
    playUntil(run, ({ stage }) => stage === "delivery");
    run.heads("b", 1);
    run.unanswered(() => run.heads("a", 0));
    expect(run.stage).toBe("edge");
    run.drive({ ...broken, code: "environment/disk-full" });
    expectEnded(run, "failed");
    expect(finished(run)).toMatchObject({ epochs: 1, updates: { heads: { left: 0, right: 0 } } });
  });

  test("while gathering has no phase to close", () => {
    const run = play();
    run.drive({ type: "started" });
    run.drive(broken);
    expectEnded(run, "failed");
    expect(run.made("restore")).toEqual([]);
  });
});

test("a run that finishes says how long it took and what was done", () => {
  const run = gathered();
  run.wait(5_000);
  playUntil(run, () => false);
  expectEnded(run, "finished");
  expect(finished(run)).toMatchObject({
    epochs: 2,
    seconds: 5,
    split: "test",
    backend: "cpu 1",
    updates: { trunk: 2, heads: { left: 2, right: 2 } },
    tasks: { left: { loss: 1 }, right: { loss: 1 } },
  });
});
