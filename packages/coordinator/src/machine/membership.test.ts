import { protocolVersion } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import {
  enter,
  fingerprint,
  gathered,
  type Play,
  planOf,
  play,
  playUntil,
} from "../../test/play.ts";

function started(plan = planOf()): Play {
  const run = play(plan);
  run.drive({ type: "started" });
  return run;
}

function expectRefused(run: Play, peer: string, code: string): void {
  expect(run.sent(peer, "refuse")).toMatchObject([{ code, remedy: expect.stringMatching(/./) }]);
  expect(run.closed(peer)).toBe(true);
  expect(run.told("workerRefused").at(-1)).toMatchObject({ code });
}

describe("joining", () => {
  test("takes a hello, an invitation, a join and a welcome", () => {
    const run = started();
    run.connect("a");
    run.hello("a");
    expect(run.sent("a", "invitation")).toEqual([
      { type: "invitation", run: "run", overrides: { set: { seed: "3" } } },
    ]);
    run.join("a");
    expect(run.sent("a", "welcome")).toMatchObject([{ run: "run", member: "w0", memberEpoch: 0 }]);
    expect(run.told("workerJoined")).toEqual([
      { type: "workerJoined", member: "w0", name: "A", backend: "cpu 1" },
    ]);
    expect(run.stage).toBe("gathering");
  });

  test("is refused to another version of the protocol, both being named", () => {
    const run = started();
    run.connect("a");
    run.hello("a", protocolVersion + 1);
    expectRefused(run, "a", "protocol/version");
    const { message } = run.sent("a", "refuse")[0]!;
    expect(message).toContain(String(protocolVersion));
    expect(message).toContain(String(protocolVersion + 1));
  });

  test("is refused to another experiment", () => {
    const run = started();
    run.connect("a");
    run.hello("a");
    run.join("a", { experiment: "another" });
    expectRefused(run, "a", "protocol/experiment-mismatch");
    expect(run.state.members).toEqual({});
  });

  test("is refused to unequal arithmetic, and both fingerprints are shown", () => {
    const run = started();
    enter(run, "a");
    run.connect("b");
    run.hello("b");
    run.join("b", { fingerprint: { ...fingerprint, probe: "xyz" } });
    expectRefused(run, "b", "protocol/fingerprint-mismatch");
    expect(run.sent("b", "refuse")[0]!.message).toMatch(/xyz.*abc/s);
    expect(run.stage).toBe("gathering");
  });

  test("is not refused for the order of a fingerprint's fields", () => {
    const run = started();
    enter(run, "a");
    run.connect("b");
    run.hello("b");
    const reversed = Object.fromEntries(Object.entries(fingerprint).reverse());
    run.join("b", { fingerprint: reversed as typeof fingerprint });
    expect(run.sent("b", "welcome")).toHaveLength(1);
  });

  test("is allowed to unequal arithmetic where that is wished, and the result says so", () => {
    const run = started(planOf({ allowMixed: true }));
    enter(run, "a");
    run.connect("b");
    run.hello("b");
    run.join("b", { fingerprint: { ...fingerprint, probe: "xyz" } });
    expect(run.sent("b", "welcome")).toHaveLength(1);
    playUntil(run, () => false);
    expect(run.made("finish")).toMatchObject([{ status: "finished", mixed: true }]);
  });

  test("of equals leaves the promise of equal bits, mixed workers being allowed or not", () => {
    const run = gathered(planOf({ allowMixed: true }));
    playUntil(run, () => false);
    expect(run.made("finish")).toMatchObject([{ mixed: false }]);
  });

  test("goes by the arithmetic of who is there, not of who left before training", () => {
    const run = started();
    run.connect("a");
    run.hello("a");
    run.join("a", { fingerprint: { ...fingerprint, probe: "xyz" } });
    run.drive({ type: "closed", peer: "a", reason: "gone" });
    enter(run, "b");
    expect(run.sent("b", "welcome")).toHaveLength(1);
  });
});

describe("a guest", () => {
  test("is refused without a hello in time", () => {
    const run = started();
    run.connect("a");
    run.wait(9_999);
    run.drive({ type: "tick" });
    expect(run.closed("a")).toBe(false);
    run.wait(1);
    run.drive({ type: "tick" });
    expectRefused(run, "a", "protocol/no-hello");
    expect(run.sent("a", "refuse")[0]!.message).toContain("hello");
  });

  test("has its own, longer time to load the experiment", () => {
    const run = started();
    run.connect("a");
    run.hello("a");
    run.wait(59_999);
    run.drive({ type: "tick" });
    expect(run.closed("a")).toBe(false);
    run.wait(1);
    run.drive({ type: "tick" });
    expectRefused(run, "a", "protocol/no-hello");
    expect(run.sent("a", "refuse")[0]!.message).toContain("join");
  });

  test("that works before it joined is refused, and its tensors are freed", () => {
    const run = started();
    run.connect("a");
    run.hello("a");
    run.gradient("a", 0);
    expectRefused(run, "a", "protocol/no-hello");
    expect(run.held.size).toBe(0);
  });

  test.each(["hello", "join"] as const)("that says %s out of turn is refused", (word) => {
    const run = started();
    run.connect("a");
    if (word === "hello") run.hello("a");
    run[word]("a");
    expectRefused(run, "a", "protocol/unexpected");
  });

  test("that sends what is no message is told why", () => {
    const run = started();
    run.connect("a");
    const why = { code: "protocol/malformed", message: "No.", remedy: "Do." } as const;
    run.drive({ type: "malformed", peer: "a", ...why });
    expectRefused(run, "a", "protocol/malformed");
  });

  test("that cannot load the experiment says so, and the run waits on", () => {
    const run = started();
    run.connect("a");
    run.hello("a");
    run.say("a", {
      type: "failed",
      code: "data/not-found",
      message: "No file.",
      remedy: "Copy it.",
    });
    expect(run.told("warning")).toMatchObject([{ message: expect.stringMatching(/A.*No file\./) }]);
    expect(run.stage).toBe("gathering");
    expect(run.state.guests).toEqual({});
  });

  test("may leave without a word", () => {
    const run = started();
    run.connect("a");
    run.drive({ type: "closed", peer: "a", reason: "gone" });
    run.wait(20_000);
    run.drive({ type: "tick" });
    expect(run.told("workerRefused")).toEqual([]);
  });
});

describe("gathering", () => {
  test("ends when all workers are there; each takes neighbouring shards", () => {
    const run = gathered(planOf({ workers: 2 }));
    expect(run.state.holders).toEqual(["a", "b"]);
    expect(run.told("phaseStarted")).toMatchObject([{ phase: 0, holders: ["w0", "w1"] }]);
    expect(gathered(planOf({ workers: 1 })).state.holders).toEqual(["a", "a"]);
  });

  test("goes on where a worker leaves again", () => {
    const run = started();
    enter(run, "a");
    run.drive({ type: "closed", peer: "a", reason: "gone" });
    expect(run.told("workerLeft")).toMatchObject([{ member: "w0", reason: "gone" }]);
    enter(run, "b");
    expect(run.stage).toBe("gathering");
    enter(run, "c");
    expect(run.state.holders).toEqual(["b", "c"]);
  });

  test("that takes too long fails and counts who is there", () => {
    const run = started();
    run.wait(60_000);
    enter(run, "a");
    for (let second = 0; second < 60; second++) {
      run.wait(1_000);
      run.heartbeat("a");
      run.drive({ type: "tick" });
    }
    expect(run.told("runFailed")).toMatchObject([
      { code: "run/timeout", message: expect.stringContaining("1 of 2 workers joined") },
    ]);
    expect(run.made("finish")).toMatchObject([{ status: "failed", epochs: 0 }]);
    expect(run.made("closePhase")).toEqual([]);
    expect(run.sent("a", "stop")).toHaveLength(1);
  });

  test("with more workers than shards warns, names the option and lets the rest stand by", () => {
    const run = started(planOf({ workers: 3 }));
    for (const peer of ["a", "b", "c"]) enter(run, peer);
    expect(run.told("warning")).toMatchObject([{ message: expect.stringContaining("`shards`") }]);
    expect(run.state.holders).toEqual(["a", "b"]);
    expect(run.sent("c", "beginPhase")).toEqual([]);
    run.drive({ type: "closed", peer: "c", reason: "gone" });
    expect(run.stage).toBe("round");
    playUntil(run, () => false);
    expect(run.made("finish")).toMatchObject([{ status: "finished" }]);
  });

  test("is over for who comes later: a warning names the option", () => {
    const run = gathered();
    enter(run, "c");
    expect(run.sent("c", "welcome")).toHaveLength(1);
    expect(run.told("warning")).toMatchObject([{ message: expect.stringMatching(/C.*`shards`/) }]);
  });
});

describe("a member", () => {
  test("that is silent is closed and lost; the run fails with the last edge", () => {
    const run = gathered();
    playUntil(run, ({ stage }) => stage === "delivery");
    run.wait(4_999);
    run.heartbeat("b");
    run.drive({ type: "tick" });
    expect(run.stage).toBe("delivery");
    run.wait(1);
    run.drive({ type: "tick" });
    expect(run.closed("a")).toBe(true);
    expect(run.closed("b")).toBe(false);
    expect(run.told("workerLeft")).toMatchObject([{ name: "A", reason: "silent for 5 s" }]);
    expect(run.told("runFailed")).toMatchObject([
      { code: "run/worker-lost", message: expect.stringContaining("Worker A (w0)") },
    ]);
    expect(run.made("restore")).toEqual([{ type: "restore", what: "last" }]);
    expect(run.made("finish")).toMatchObject([
      { status: "failed", epochs: 1, updates: { trunk: 2, heads: { left: 0, right: 0 } } },
    ]);
    expect(run.sent("b", "stop")).toHaveLength(1);
  });

  test("that is silent along with another fails the run once", () => {
    const run = gathered();
    run.wait(5_000);
    run.drive({ type: "tick" });
    expect(run.told("runFailed")).toHaveLength(1);
    expect(run.made("finish")).toHaveLength(1);
  });

  test("is not silent while the coordinator could hear nobody", () => {
    const run = gathered();
    run.connect("guest");
    run.wait(60_000);
    run.drive({ type: "tick", pausedMs: 58_000 });
    expect(run.stage).toBe("round");
    expect(run.closed("guest")).toBe(false);
    run.wait(3_000);
    run.drive({ type: "tick", pausedMs: 0 });
    expect(run.told("runFailed")).toMatchObject([{ code: "run/worker-lost" }]);
  });

  test("is kept by whatever it says, and by heartbeats alone", () => {
    const run = gathered();
    for (let second = 0; second < 20; second++) {
      run.wait(1_000);
      run.heartbeat("a");
      run.heartbeat("b");
      run.drive({ type: "tick" });
    }
    expect(run.stage).toBe("round");
    run.wait(4_000);
    run.gradient("a", 0);
    run.gradient("b", 1);
    run.wait(4_000);
    run.drive({ type: "tick" });
    expect(run.stage).toBe("round");
  });

  test.each(["closed", "goodbye"] as const)(
    "that holds shards and is gone (%s) fails the run",
    (how) => {
      const run = gathered();
      if (how === "closed") run.drive({ type: "closed", peer: "b", reason: "reset" });
      else run.say("b", { type: "goodbye", reason: "reset" });
      expect(run.told("runFailed")).toMatchObject([
        { code: "run/worker-lost", message: expect.stringMatching(/B.*reset/) },
      ]);
      expect(run.stage).toBe("ended");
    },
  );

  test("that sends what is no message is refused, and lost once its connection closed", () => {
    const run = gathered();
    const why = { code: "protocol/unknown-tag", message: "No.", remedy: "Do." } as const;
    run.drive({ type: "malformed", peer: "a", ...why });
    expectRefused(run, "a", "protocol/unknown-tag");
    run.drive({ type: "closed", peer: "a", reason: "protocol/unknown-tag" });
    expect(run.told("runFailed")).toMatchObject([{ code: "run/worker-lost" }]);
  });

  test.each(["hello", "join"] as const)("that says %s again is refused", (word) => {
    const run = gathered();
    run[word]("a");
    expectRefused(run, "a", "protocol/unexpected");
  });

  test.each([
    ["run/not-finite", "run/not-finite"],
    ["somebody/else's", "run/worker-failed"],
    ["toString", "run/worker-failed"],
  ])("that fails with %s fails the run with %s and its own words", (code, expected) => {
    const run = gathered();
    run.say("a", { type: "failed", code, message: "It broke.", remedy: "Mend it." });
    expect(run.told("runFailed")).toEqual([
      {
        type: "runFailed",
        code: expected,
        message: "Worker A failed: It broke.",
        remedy: "Mend it.",
      },
    ]);
  });

  test("that stands by may fail, with a warning", () => {
    const run = gathered();
    enter(run, "c");
    run.say("c", { type: "failed", code: "x", message: "It broke.", remedy: "Mend it." });
    expect(run.told("warning").at(-1)).toMatchObject({
      message: expect.stringContaining("It broke."),
    });
    expect(run.stage).toBe("round");
  });
});

describe("after the end", () => {
  test("nothing is told any more, and who comes is sent away", () => {
    const run = gathered();
    playUntil(run, () => false);
    expect(run.stage).toBe("ended");
    const told = run.made("emit").length;
    run.drive({ type: "closed", peer: "a", reason: "bye" });
    run.gradient("b", 0);
    run.wait(100_000);
    run.drive({ type: "tick" });
    run.connect("d");
    run.hello("d");
    expect(run.made("emit")).toHaveLength(told);
    expect(run.held.size).toBe(0);
    expect(run.sent("d", "stop")).toHaveLength(1);
    expect(run.closed("d")).toBe(true);
    expect(run.made("finish")).toHaveLength(1);
  });
});
