import { resolveExperiment } from "@trunkline/core";
import { expect, test } from "vitest";
import circles from "../../test/fixtures/circles/experiment.ts";
import { listedMethods } from "./methods.ts";
import { planRuns } from "./plan.ts";

const plan = (tasks: string[], changes: object = {}) =>
  planRuns({
    tasks,
    methods: listedMethods("ew,cagrad:c=0.2"),
    seeds: 1,
    workers: 3,
    set: { epochs: "2" },
    ...changes,
  });

const weightsOf = (runs: ReturnType<typeof plan>) =>
  runs
    .filter(({ kind }) => kind === "fixed")
    .map(({ overrides }) => JSON.parse(overrides.set["method.weights"]!) as number[]);

test("each method, each task alone and each point of the grid runs with each seed", () => {
  const runs = plan(["left", "right"], { seeds: 2 });
  expect(runs.map(({ folder }) => folder)).toEqual(
    ["single-left", "single-right", "ew", "cagrad_c=0.2", "fixed-left", "fixed-right"].flatMap(
      (slug) => [`${slug}-seed0`, `${slug}-seed1`],
    ),
  );
  expect(runs.map(({ overrides }) => overrides.set.seed)).toEqual(runs.map((_, i) => `${i % 2}`));
  expect(runs.every(({ overrides }) => overrides.set.epochs === "2")).toBe(true);
});

test("a method's run has its options, a single task's only the task", () => {
  const [left, , , cagrad] = plan(["left", "right"]);
  expect(cagrad).toMatchObject({
    workers: 3,
    overrides: { set: { method: "cagrad", "method.c": "0.2", seed: "0", epochs: "2" } },
  });
  expect(left).toMatchObject({
    name: "left",
    workers: 1,
    overrides: { set: { method: "ew", only: '["left"]', shards: "1" } },
  });
});

test("each point of the grid favours a task twofold, and its weights sum to their number", () => {
  const [first, second] = weightsOf(plan(["left", "right"]));
  expect(first![0]).toBeCloseTo(4 / 3, 12);
  expect(first![1]).toBeCloseTo(2 / 3, 12);
  expect(second).toEqual([...first!].reverse());
  const many = weightsOf(plan(["a", "b", "c", "d", "e", "f"]));
  expect(many).toHaveLength(4);
  for (const weights of many) {
    expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(6, 12);
  }
});

test("one task has no grid", () => {
  expect(weightsOf(plan(["left"]))).toEqual([]);
});

test("every run of a plan is one that the experiment can be", () => {
  const tasks = ["disc", "diamond", "signs"];
  // What only methods with gradients have use for, and only runs with three tasks.
  const set = { "rows.twoPass": "true", normalise: "meanNorm", shards: "3" };
  const runs = plan(tasks, { set, methods: listedMethods("pcgrad,mgda") });
  const settings = runs.map(({ overrides }) => resolveExperiment(circles, overrides).settings);
  expect(settings.map(({ tasks }) => Object.keys(tasks).length)).toEqual([1, 1, 1, 3, 3, 3, 3, 3]);
  expect(settings.at(-1)!.method).toEqual({ kind: "fixed", weights: [0.75, 0.75, 1.5] });
});
