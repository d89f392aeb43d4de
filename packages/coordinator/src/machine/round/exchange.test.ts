import { describe, expect, test } from "vitest";
import { gathered, type Play, plainExchange, planOf } from "../../../test/play.ts";

const figures = { ...plainExchange, first: "losses", weights: true } as const;
const rows = { ...plainExchange, first: "rows", sums: false } as const;

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
        phase: 0,
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
    expect(run.made("takeRows")).toEqual([
      { type: "takeRows", trunkVersion: 0, chunk: 0, rows: [2, 0] },
    ]);
    run.rows("a", 0, 1);
    expect(run.made("takeRows")[1]).toMatchObject({ chunk: 1, rows: [3, 1] });
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

  test("refuses a stretch that was not asked for: four may be under way", () => {
    const run = gathered(withExchange(rows, { gradientLengths: { gradient: 11 }, rowsChunks: 6 }));
    for (let chunk = 0; chunk < 5; chunk++) {
      expect(run.closed("a")).toBe(false);
      run.rows("a", 0, chunk, { "row/left": 2 });
    }
    expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
    expect(run.held.size).toBe(4);
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
    run.gradient("a", 0, {}, { gradient: 6 }, { present: [0b10] });
    expect(run.state.stage).toMatchObject({ arrivals: [{ present: [0b10] }, null] });
    const other = gathered(routed);
    other.gradient("a", 0, {}, { gradient: 8 });
    expect(other.closed("a")).toBe(true);
  });

  test("an effect holds plain values", () => {
    const run = gathered(routed);
    const whole = { gradient: 8 };
    run.gradient("a", 0, {}, whole, { present: [0b11], dominance: { left: [1] } });
    run.gradient("b", 1, {}, whole, { present: [0b11], dominance: { right: [2] } });
    expect(run.made("commit")[0]!.figures.dominance).toEqual({ left: [1], right: [2] });
    expect(run.made("commit")[0]!.gradients.map(({ present }) => present)).toEqual([[3], [3]]);
  });
});

describe("what a method keeps per task", () => {
  const methodLengths = { left: { "left/method/m": 3 }, right: { "right/method/m": 3 } };

  test("goes to who trains on, and not to who evaluates", () => {
    const run = gathered(planOf({ methodLengths }));
    run.gradient("a", 0);
    run.drive({ type: "stop" });
    expect(run.stage).toBe("evaluating");
    const loads = run.made("send").filter(({ message }) => message.type === "load");
    expect(loads.slice(-2)).toMatchObject([
      { heads: ["left"], methods: [], message: { trunk: true } },
      { heads: ["right"], methods: [], message: { trunk: true } },
    ]);
  });

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
  const run = gathered(planOf({ roundsPerStep: 2 }));
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
  expect(run.made("commit").map(({ step }) => step)).toEqual([0, 0, 1, 1]);
  expect(run.told("edge")).toHaveLength(1);
});

test("tasks in turn: a shard tells of the task at hand alone", () => {
  const inTurn = { roundsPerStep: 2, shards: [["left", "right"]], workers: 1 };
  const [first, other] = ["left", "right"].map((task) => {
    const run = gathered(planOf(inTurn));
    run.gradient("a", 0, {}, undefined, { losses: { [task]: 1 } });
    return run.made("commit").length;
  });
  expect(first! + other!).toBe(1);
  const run = gathered(planOf(inTurn));
  run.gradient("a", 0);
  expect(run.closed("a")).toBe(true);
});

describe("numbers that are not those of the shard's tasks are malformed", () => {
  const broken = [
    ["no loss", { losses: {} }],
    ["another task's loss", { losses: { right: 1 } }],
    ["a loss more", { losses: { left: 1, right: 1 } }],
    ["another task's loss after the step", { lossesAfter: { right: 1 } }],
  ] as const;
  const norms = [
    ["another task's norm", { norms: { right: 1 } }],
    ["a norm more", { norms: { left: 1, right: 1 } }],
  ] as const;
  const expectRefused = (run: Play) => {
    expect(run.sent("a", "refuse")).toMatchObject([{ code: "protocol/malformed" }]);
    expect(run.held.size).toBe(0);
    expect(run.state.stage).toMatchObject({ figures: [null, null], arrivals: [null, null] });
  };

  test.each([...broken, ...norms])("in figures: %s", (_, changes) => {
    const run = gathered(withExchange(figures));
    run.figures("a", 0, {}, {}, changes);
    expectRefused(run);
  });

  test("in figures: no norms where the method decides on them", () => {
    const run = gathered(withExchange({ ...figures, first: "norms" }));
    run.figures("a", 0, {}, {}, { norms: {} });
    expectRefused(run);
  });

  test.each(broken)("in rows: %s", (_, changes) => {
    const run = gathered(withExchange(rows));
    run.rows("a", 0, 0, undefined, changes);
    expectRefused(run);
  });

  const dominance: [string, { dominance: Record<string, number[]> }][] = [
    ["another task's dominance", { dominance: { right: [1] } }],
    ["dominance by other arrays than the trunk's", { dominance: { left: [1, 2] } }],
  ];
  test.each([...broken, ...norms, ...dominance])("in a gradient: %s", (_, changes) => {
    const run = gathered();
    run.gradient("a", 0, {}, undefined, changes);
    expectRefused(run);
  });

  test("in a gradient: no norms where the method learns from them", () => {
    const run = gathered(planOf({ learnsNorms: true }));
    run.gradient("a", 0);
    expectRefused(run);
  });
});

test("what one shard tells of its last step and another does not is shown to nobody", () => {
  const run = gathered(withExchange(figures));
  run.figures("a", 0, {}, {}, { lossesAfter: { left: 1 } });
  run.figures("b", 1);
  expect(run.made("weigh")).toMatchObject([{ figures: { lossesAfter: {} } }]);
});

test("figures that bring tensors are malformed, and keep nothing", () => {
  const run = gathered(withExchange(figures));
  run.figures("a", 0, {}, { gradient: 3 });
  expect(run.closed("a")).toBe(true);
  expect(run.held.size).toBe(0);
  const late = gathered();
  late.figures("a", 0, {}, { gradient: 3 });
  expect(late.sent("a", "stale")).toHaveLength(1);
  expect(late.held.size).toBe(0);
});
