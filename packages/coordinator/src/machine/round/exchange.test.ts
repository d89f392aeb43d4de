import { describe, expect, test } from "vitest";
import { gathered, plainExchange, planOf } from "../../../test/play.ts";

const figures = { ...plainExchange, first: "losses", weights: true, steady: false } as const;
const rows = { ...plainExchange, first: "rows", sums: false, steady: false } as const;

const withExchange = (shared: typeof figures | typeof rows | object, changes = {}) =>
  planOf({
    exchanges: { shared: { ...plainExchange, ...shared }, joint: plainExchange },
    ...changes,
  });

describe("a method that decides on figures", () => {
  test("decides once all shards' are in, and tells every worker before the gradients", () => {
    const run = gathered(withExchange(figures));
    run.figures("b", 1);
    expect(run.made("weigh")).toEqual([]);
    run.figures("a", 0);
    expect(run.made("weigh")).toEqual([
      {
        type: "weigh",
        epoch: 0,
        step: 0,
        trunkVersion: 0,
        figures: {
          losses: { left: 1, right: 2 },
          lossesAfter: {},
          norms: { left: 10, right: 20 },
          dominance: {},
        },
      },
    ]);
    for (const peer of ["a", "b"]) {
      expect(run.sent(peer, "weights")).toMatchObject([
        { weights: [0.5, 2], at: { trunkVersion: 0 } },
      ]);
    }
    run.gradient("a", 0);
    run.gradient("b", 1);
    expect(run.made("commit")).toHaveLength(1);
    expect(run.told("step")).toMatchObject([{ trunkVersion: 1, losses: { left: 1, right: 2 } }]);
  });

  test("takes no gradient before, no figures twice, and none of another round", () => {
    const run = gathered(withExchange(figures));
    run.gradient("a", 0);
    run.figures("a", 0);
    run.figures("a", 0);
    run.figures("b", 1, { trunkVersion: 7 });
    expect(run.sent("a", "stale")).toHaveLength(2);
    expect(run.sent("b", "stale")).toHaveLength(1);
    expect(run.made("weigh")).toEqual([]);
    expect(run.held.size).toBe(0);
  });

  test("takes no figures where the method wants none", () => {
    const run = gathered();
    run.figures("a", 0);
    expect(run.sent("a", "stale")).toHaveLength(1);
  });

  test("says whose figures are missing when nothing comes", () => {
    const run = gathered(
      withExchange(figures, { deadlines: { ...planOf().deadlines, silenceMs: 1e9 } }),
    );
    run.figures("a", 0);
    run.wait(40_000);
    run.drive({ type: "tick" });
    expect(run.told("runFailed")[0]!.message).toMatch(/waiting for B\./);
  });
});

describe("a method that decides on rows", () => {
  test("takes each stretch when all shards have sent it, in the order of tasks", () => {
    const run = gathered(withExchange(rows));
    run.rows("b", 1, 0);
    run.rows("b", 1, 1);
    expect(run.made("takeRows")).toEqual([]);
    run.rows("a", 0, 0);
    // Handles count up: 0 and 1 are of the second task.
    expect(run.made("takeRows")).toEqual([{ type: "takeRows", chunk: 0, rows: [2, 0] }]);
    run.rows("a", 0, 1);
    expect(run.made("takeRows")[1]).toEqual({ type: "takeRows", chunk: 1, rows: [3, 1] });
    expect(run.made("weigh")).toMatchObject([{ figures: { losses: { left: 1, right: 2 } } }]);
    expect(run.made("commit")).toMatchObject([{ gradients: [], trunkVersion: 1 }]);
    expect(run.sent("a", "weights")).toEqual([]);
    expect(run.held.size).toBe(0);
  });

  test("in two passes tells the weights and waits for the sums", () => {
    const run = gathered(withExchange({ ...rows, sums: true, weights: true }));
    for (const chunk of [0, 1]) {
      run.rows("a", 0, chunk);
      run.rows("b", 1, chunk);
    }
    expect(run.made("commit")).toEqual([]);
    expect(run.sent("b", "weights")).toHaveLength(1);
    run.gradient("a", 0);
    run.gradient("b", 1);
    expect(run.made("commit")).toMatchObject([{ gradients: [{ handle: 4 }, { handle: 5 }] }]);
  });

  test("lets a worker go on when a stretch is taken, as long as there are more", () => {
    const gradientLengths = { gradient: 11 };
    const run = gathered(withExchange(rows, { gradientLengths, rowsChunks: 6 }));
    const stretch = (peer: string, shard: number, chunk: number) => {
      const task = shard === 0 ? "left" : "right";
      run.rows(peer, shard, chunk, { [`row/${task}`]: chunk === 5 ? 1 : 2 });
    };
    for (let chunk = 0; chunk < 6; chunk++) {
      stretch("a", 0, chunk);
      stretch("b", 1, chunk);
    }
    // Four stretches go out unasked, so that two need a word.
    expect(run.sent("a", "rowsTaken").map(({ chunk }) => chunk)).toEqual([0, 1]);
    expect(run.made("commit")).toHaveLength(1);
  });

  test("refuses rows of another length, and takes none out of order", () => {
    const run = gathered(withExchange(rows));
    run.rows("a", 0, 1);
    expect(run.sent("a", "stale")).toHaveLength(1);
    run.rows("a", 0, 0, { "row/left": 3 });
    expect(run.closed("a")).toBe(true);
    expect(run.told("workerRefused")).toMatchObject([{ code: "protocol/malformed" }]);
  });

  test("gives back what a stopped round has taken in", () => {
    const run = gathered(withExchange(rows));
    run.rows("a", 0, 0);
    run.rows("a", 0, 1);
    run.rows("b", 1, 0);
    expect(run.held.size).toBe(1);
    run.drive({ type: "stop" });
    expect(run.held.size).toBe(0);
  });

  test("statistics come with the last stretch", () => {
    const gradientLengths = { gradient: 3, statistics: 2 };
    const run = gathered(withExchange(rows, { gradientLengths }));
    run.rows("a", 0, 0);
    run.rows("a", 0, 1, { "row/left": 1, statistics: 2 });
    run.rows("b", 1, 0);
    run.rows("b", 1, 1, { "row/right": 1, statistics: 2 });
    expect(run.made("commit")[0]!.statistics).toHaveLength(2);
    expect(run.held.size).toBe(0);
  });
});

describe("components of a routed trunk", () => {
  const components = [
    { from: 0, to: 2 },
    { from: 4, to: 7 },
  ];
  const routed = planOf({ gradientLengths: { gradient: 8 }, components });

  test("travel where they are present, and the machine checks that the lengths agree", () => {
    const run = gathered(routed);
    const present = (words: number[], gradient: number) => {
      const place = run.place("a");
      const nothing = { lossesAfter: {}, norms: {}, dominance: {}, use: { peakBytes: 1 } };
      const message = { type: "gradient", at: place, shard: 0, losses: { left: 1 } } as const;
      return run.say("a", { ...message, ...nothing, present: words }, { gradient });
    };
    present([0b10], 6);
    expect(run.state.stage).toMatchObject({ arrivals: [{ present: [0b10] }, null] });
    const other = gathered(routed);
    other.gradient("a", 0, {}, { gradient: 8 });
    expect(other.closed("a")).toBe(true);
  });

  test("an effect holds plain values", () => {
    const run = gathered(routed);
    for (const [peer, shard] of [
      ["a", 0],
      ["b", 1],
    ] as const) {
      const nothing = {
        lossesAfter: {},
        norms: {},
        dominance: { left: [1, 2] },
        use: { peakBytes: 1 },
      };
      const message = {
        type: "gradient",
        at: run.place(peer),
        shard,
        losses: { left: 1 },
      } as const;
      run.say(peer, { ...message, ...nothing, present: [0b11] }, { gradient: 8 });
    }
    expect(run.made("commit")[0]!.gradients.map(({ present }) => present)).toEqual([[3], [3]]);
  });
});

describe("what a method keeps per task", () => {
  const methodLengths = { left: { "left/method/m": 3 }, right: { "right/method/m": 3 } };

  test("is delivered at the end of a shared phase, and stored by task", () => {
    const run = gathered(planOf({ methodLengths }));
    for (let step = 0; step < 2; step++) {
      run.gradient("a", 0);
      run.gradient("b", 1);
    }
    expect(run.stage).toBe("delivery");
    run.heads("b", 1, {}, { "right/method/m": 3 });
    expect(run.made("storeMethod")).toMatchObject([
      { task: "right", scalars: { beta1Power: 0.25 } },
    ]);
    expect(run.made("storeHead")).toEqual([]);
    run.heads("a", 0, {}, { "left/method/m": 3 });
    expect(run.told("edge")).toHaveLength(1);
    expect(run.told("headsDelivered")).toEqual([]);
    expect(run.state.versions.methods).toEqual({ left: 1, right: 1 });
    expect(run.held.size).toBe(0);
  });

  test("of another length is refused", () => {
    const run = gathered(planOf({ methodLengths }));
    for (let step = 0; step < 2; step++) {
      run.gradient("a", 0);
      run.gradient("b", 1);
    }
    run.heads("b", 1, {}, { "right/method/m": 2 });
    expect(run.closed("b")).toBe(true);
  });
});

test("tasks in turn: only the shard of the task at hand is awaited, each once per step", () => {
  const run = gathered(planOf({ inTurn: true }));
  const seen: number[] = [];
  for (let round = 0; round < 4; round++) {
    const before = run.made("commit").length;
    for (const [peer, shard] of [
      ["a", 0],
      ["b", 1],
    ] as const) {
      if (run.made("commit").length > before) break;
      run.gradient(peer, shard);
      if (run.made("commit").length > before) seen.push(shard);
    }
  }
  expect(seen.slice(0, 2).sort()).toEqual([0, 1]);
  expect(seen.slice(2).sort()).toEqual([0, 1]);
  expect(run.made("commit").map(({ step, turn }) => [step, turn])).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  expect(run.told("edge")).toHaveLength(1);
});
