import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { arrayDataset } from "../data/array-dataset.ts";
import { ExperimentError } from "../errors.ts";
import { ew } from "../method/weighting/ew.ts";
import { ateSg } from "../schedule/ate-sg.ts";
import { satSg } from "../schedule/sat-sg.ts";
import { sg } from "../schedule/sg.ts";
import { defineExperiment, type ExperimentSettings } from "./define.ts";
import { resolveExperiment, shardsOf } from "./resolve.ts";

const data = {
  train: arrayDataset({ inputs: [[0], [1]], inputShape: [1], labels: { a: [0, 1], b: [1, 0] } }),
};
const trunk = () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 2 })] });
const head = () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
const task = { head, loss: "sigmoidCrossEntropy" } as const;

const experiment = (settings: object = {}) =>
  defineExperiment({
    name: "small",
    options: { width: 4, kind: "plain", deep: false },
    build: () =>
      ({ data, trunk, tasks: { a: task, b: task }, ...settings }) as unknown as ExperimentSettings,
  });

const resolve = (settings: object = {}, set: Record<string, string> = {}) =>
  resolveExperiment(experiment(settings), { set });

function problemsOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof ExperimentError) return error.problems;
    throw error;
  }
  throw new Error("it did not throw");
}

describe("defaults", () => {
  test("everything that a run needs is filled in", () => {
    expect(resolve().settings).toMatchObject({
      seed: 0,
      epochs: 10,
      batchSize: 32,
      schedule: ateSg(),
      optimizer: { trunk: { kind: "sgd", learningRate: 0.01 } },
      method: ew(),
      rows: { memoryMiB: 2048, twoPass: false, stretchKiB: 1024 },
      conflictEvery: 20,
      routing: { mode: "summed", budgetWeight: 1 },
      layout: "tasks",
      clip: { trunk: {}, heads: {} },
      cache: { enabled: true, memoryMiB: 1024 },
      evaluateEvery: 1,
    });
  });

  test("there are as many shards as tasks, but at most eight", () => {
    const tasks = Object.fromEntries(Array.from({ length: 11 }, (_, k) => [`t${k}`, task]));
    expect(shardsOf(resolve().settings)).toEqual([["a"], ["b"]]);
    const shards = shardsOf(resolve({ tasks }).settings);
    expect(shards).toHaveLength(8);
    expect(shards.flat()).toEqual(Object.keys(tasks));
  });
});

describe("--set", () => {
  test("changes options of the experiment, by their type", () => {
    expect(resolve({}, { width: "8", kind: "7", deep: "true" }).options).toEqual({
      width: 8,
      kind: "7",
      deep: true,
    });
  });

  test("changes fields of the run by dotted path", () => {
    const { settings } = resolve({}, { batchSize: "7", "optimizer.trunk.learningRate": "0.5" });
    expect(settings.batchSize).toBe(7);
    expect(settings.optimizer.trunk.learningRate).toBe(0.5);
    expect(settings.optimizer.heads.learningRate).toBe(0.01);
  });

  test("a schedule of the same kind keeps the experiment's parameters", () => {
    const own = { schedule: ateSg({ sharedEpochs: 3, headEpochs: 2 }) };
    const set = { schedule: "ate-sg", "schedule.headEpochs": "5" };
    expect(resolve(own, set).settings.schedule).toEqual(ateSg({ sharedEpochs: 3, headEpochs: 5 }));
  });

  test.each([
    ["sg", sg()],
    ["sat-sg", satSg()],
    ["satSg", satSg()],
  ])("a schedule of another kind takes its own defaults: %s", (name, expected) => {
    const own = { schedule: ateSg({ sharedEpochs: 3 }) };
    expect(resolve(own, { schedule: name }).settings.schedule).toEqual(expected);
  });

  test("an unknown key names the nearest", () => {
    const [problem] = problemsOf(() => resolve({}, { batchsize: "7" }));
    expect(problem).toMatchObject({ code: "experiment/unknown-option", path: "batchsize" });
    expect(problem!.message).toContain("Did you mean `batchSize`?");
  });

  test("a value of the wrong type shows what is wanted", () => {
    const [problem] = problemsOf(() => resolve({}, { width: "wide" }));
    expect(problem).toMatchObject({ code: "experiment/invalid-value", path: "options.width" });
  });
});

describe("mistakes", () => {
  test("are found all at once, each with the path of its field", () => {
    const problems = problemsOf(() =>
      resolve({ batchSize: 0, epochs: 1.5, tasks: { a: { ...task, weight: -1 } } }),
    );
    expect(problems.map((problem) => problem.path).sort()).toEqual([
      "batchSize",
      "epochs",
      "tasks.a.weight",
    ]);
  });

  test.each([
    [
      { tasks: { a: { head, loss: "softmaxCrossEntropi" } } },
      "tasks.a.loss",
      "softmaxCrossEntropy",
    ],
    [{ tasks: { a: { ...task, metrics: ["acuracy"] } } }, "tasks.a.metrics.0", "accuracy"],
    [{ schedule: { kind: "atesg" } }, "schedule.kind", "ateSg"],
    [
      { optimizer: { trunk: { kind: "adm" }, heads: { kind: "sgd", learningRate: 1 } } },
      "optimizer.trunk.kind",
      "adam",
    ],
    [{ method: "ewe" }, "method", "ew"],
  ])("an unknown name suggests the nearest: %#", (settings, path, nearest) => {
    const [problem] = problemsOf(() => resolve(settings));
    expect(problem).toMatchObject({ path, code: "experiment/unknown-name" });
    expect(problem!.message).toContain(`Did you mean \`${nearest}\`?`);
    expect(problem!.remedy).not.toBe("");
  });

  test("a field that does not exist names the nearest", () => {
    const [problem] = problemsOf(() => resolve({ batchsize: 4 }));
    expect(problem).toMatchObject({ path: "batchsize", code: "experiment/unknown-option" });
    expect(problem!.message).toContain("`batchSize`");
  });

  test("so does one of a task", () => {
    const [problem] = problemsOf(() => resolve({ tasks: { a: { ...task, metric: [] } } }));
    expect(problem).toMatchObject({ path: "tasks.a.metric", code: "experiment/unknown-option" });
    expect(problem!.message).toContain("`metrics`");
  });

  test("more shards than tasks", () => {
    expect(problemsOf(() => resolve({ shards: 3 }))[0]).toMatchObject({ path: "shards" });
  });

  test.each(["", "../x", "a b"])("a name that can be no folder's: %j", (name) => {
    const named = { ...experiment(), name };
    const [problem] = problemsOf(() => resolveExperiment(named, { set: {} }));
    expect(problem).toMatchObject({ path: "name", code: "experiment/invalid-value" });
  });

  test.each(["left hand", "..", "a/b"])("a task name that can be no folder's: %j", (name) => {
    const [problem] = problemsOf(() => resolve({ tasks: { [name]: task } }));
    expect(problem!.message).toContain("letters, digits");
  });

  test("an inherited name is no option", () => {
    expect(problemsOf(() => resolve({}, { constructor: "5" }))[0]).toMatchObject({
      code: "experiment/unknown-option",
    });
  });

  test("a task without data", () => {
    const problems = problemsOf(() => resolve({ data: undefined }));
    expect(problems.map((problem) => problem.path)).toEqual(["tasks.a.data", "tasks.b.data"]);
  });

  test("a `build` that throws", () => {
    const broken = defineExperiment({
      name: "broken",
      build: () => {
        throw new RangeError("no such digit");
      },
    });
    const [problem] = problemsOf(() => resolveExperiment(broken, { set: {} }));
    expect(problem).toMatchObject({ code: "experiment/failed" });
    expect(problem!.message).toContain("no such digit");
  });
});

describe("a method by name", () => {
  test("keeps the experiment's own options where it is the same, and takes defaults where not", () => {
    const own = { method: { kind: "cagrad", c: 0.1, rescale: 0 } };
    const methodOf = (set: Record<string, string>) => resolve(own, set).settings.method;
    expect(methodOf({})).toMatchObject({ kind: "cagrad", c: 0.1, rescale: 0 });
    expect(methodOf({ method: "cagrad", "method.rescale": "2" })).toMatchObject({
      c: 0.1,
      rescale: 2,
    });
    expect(methodOf({ method: "cagrad" })).toMatchObject({ c: 0.1 });
    expect(methodOf({ method: "dwa" })).toEqual({ kind: "dwa", temperature: 2 });
  });

  test("may be wrapped, with options of its own", () => {
    const set = { method: "cr-mogm", "method.of": "gradvac", "method.of.beta": "0.25" };
    expect(resolve({}, set).settings.method).toEqual({
      kind: "cr-mogm",
      of: { kind: "gradvac", beta: 0.25 },
      smoothing: 0.9,
    });
  });
});
