import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrayDataset } from "../data/array-dataset.ts";
import { ExperimentError } from "../errors.ts";
import type { LossFunction, LossName } from "../loss/names.ts";
import type { Metric } from "../metrics/metric.ts";
import { metricName } from "../metrics/registry.ts";
import { defineExperiment, type ExperimentSettings } from "./define.ts";
import { describeExperiment, identityBytes } from "./describe.ts";
import { prepareExperiment } from "./prepare.ts";
import { resolveExperiment } from "./resolve.ts";

const dense = tf.layers.dense;
const trunk = () => tf.sequential({ layers: [dense({ inputShape: [2], units: 3 })] });
const headOf = (units: number) => (): tf.LayersModel =>
  tf.sequential({ layers: [dense({ inputShape: [3], units })] });

const inputs = Array.from({ length: 12 }, (_, i) => [i, 12 - i]);
const classes = Array.from({ length: 12 }, (_, i) => i % 3);
const train = (labels: number[] = classes, rows: number[][] = inputs) =>
  arrayDataset({ inputs: rows, inputShape: [2], labels: { a: labels } });

const prepare = async (settings: Partial<ExperimentSettings>, checkValues = true) => {
  const experiment = defineExperiment({
    name: "small",
    build: () => ({
      data: { train: train(), validation: train() },
      trunk,
      tasks: { a: { head: headOf(3), loss: "softmaxCrossEntropy" } },
      ...settings,
    }),
  });
  const open = (): never => {
    throw new Error("no file is needed");
  };
  return prepareExperiment(resolveExperiment(experiment, { set: {} }), { open, checkValues });
};

async function problemsOf(settings: Partial<ExperimentSettings>) {
  const error = await prepare(settings).catch((thrown: unknown) => thrown);
  if (error instanceof ExperimentError) return error.problems;
  throw new Error("it was accepted");
}

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

test("a sound experiment is ready to train", async () => {
  const prepared = await prepare({ batchSize: 5 });
  expect(prepared).toMatchObject({ tasks: ["a"], shards: [["a"]], stepsPerEpoch: 3 });
  expect(prepared.samplesPerEpoch).toBe(12);
  prepared.network.dispose();
});

test("a missing validation split is drawn from train", async () => {
  const prepared = await prepare({ data: { train: train() } });
  const { splits } = prepared.sourceOf("a");
  expect([splits.train.size, splits.validation.size]).toEqual([11, 1]);
  prepared.network.dispose();
});

describe("mistakes", () => {
  test.each([
    [
      "too few outputs for the classes' loss",
      { a: { head: headOf(1), loss: "softmaxCrossEntropy" } },
      "[1]",
    ],
    [
      "outputs that are not as many as the label's numbers",
      { a: { head: headOf(4), loss: "meanSquaredError" } },
      "[4]",
    ],
  ] as const)("%s: both shapes are shown", async (_, tasks, shape) => {
    const [problem] = await problemsOf({ tasks });
    expect(problem).toMatchObject({ path: "tasks.a.head", code: "experiment/shape" });
    expect(problem!.message).toContain(shape);
    expect(problem!.message).toContain("[]");
  });

  test("a trunk that does not take the inputs", async () => {
    const wide = () => tf.sequential({ layers: [dense({ inputShape: [5], units: 3 })] });
    const [problem] = await problemsOf({ trunk: wide });
    expect(problem).toMatchObject({ path: "trunk", code: "experiment/shape" });
    expect(problem!.message).toMatch(/\[5\].*\[2\]/);
  });

  test("labels out of range name row and value", async () => {
    const labels = classes.map((label, i) => (i === 7 ? 3 : label));
    const [problem] = await problemsOf({ data: { train: train(labels), validation: train() } });
    expect(problem).toMatchObject({ code: "data/label-range" });
    expect(problem!.message).toMatch(/7/);
    expect(problem!.message).toMatch(/3/);
  });

  test("NaN in the inputs names column and row", async () => {
    const rows = inputs.map((row, i) => (i === 4 ? [row[0]!, Number.NaN] : row));
    const [problem] = await problemsOf({
      data: { train: train(classes, rows), validation: train() },
    });
    expect(problem).toMatchObject({ code: "data/not-finite" });
    expect(problem!.message).toMatch(/4/);
  });

  test("data without labels of a task", async () => {
    const tasks = { b: { head: headOf(3), loss: "softmaxCrossEntropy" } } as const;
    const [problem] = await problemsOf({ tasks });
    expect(problem).toMatchObject({ code: "experiment/shape", path: "data" });
  });

  test("a layer that draws by itself, with the way out", async () => {
    const random = () =>
      tf.sequential({
        layers: [dense({ inputShape: [2], units: 3 }), tf.layers.dropout({ rate: 0.5 })],
      });
    const [problem] = await problemsOf({ trunk: random });
    expect(problem).toMatchObject({ code: "experiment/random-layer" });
    expect(problem!.remedy).toContain("dropout");
  });

  test("class weights that are not one per class", async () => {
    const tasks = {
      a: { head: headOf(3), loss: "softmaxCrossEntropy", classWeights: [1, 2] },
    } as const;
    expect((await problemsOf({ tasks }))[0]).toMatchObject({ path: "tasks.a.classWeights" });
  });

  test("a data function that returns no datasets", async () => {
    const [problem] = await problemsOf({ data: () => ({}) as never });
    expect(problem).toMatchObject({ path: "data.train", code: "experiment/invalid-value" });
  });

  test("splits of unequal shape", async () => {
    const wide = arrayDataset({
      inputs: inputs.map((row) => [...row, 1]),
      inputShape: [3],
      labels: { a: classes },
    });
    const problems = await problemsOf({
      data: { train: train(), validation: train(), test: wide },
    });
    expect(problems[0]).toMatchObject({ path: "data.test", code: "experiment/shape" });
    expect(problems[0]!.message).toMatch(/\[2\].*\[3\]/);
  });

  test("a data function that throws", async () => {
    const data = () => {
      throw new Error("no such table");
    };
    const [problem] = await problemsOf({ data });
    expect(problem).toMatchObject({ code: "experiment/failed", path: "data" });
  });
});

describe("metrics", () => {
  const mean = () => 0;
  const task = (
    loss: LossName | LossFunction,
    units: number,
    metrics: readonly (string | Metric)[],
  ) => ({
    tasks: { a: { head: headOf(units), loss, metrics } },
    data: { train: train(units === 1 ? classes.map((label) => label % 2) : classes) },
  });

  test.each<[string, Parameters<typeof task>, string[]]>([
    ["yes or no has no top 5", ["sigmoidCrossEntropy", 1, ["accuracy", "top5"]], ["top5"]],
    ["three classes have no top 5", ["softmaxCrossEntropy", 3, ["top2", "top5"]], ["top5"]],
    [
      "classes are no amounts",
      ["softmaxCrossEntropy", 3, ["mae", "auc", "rmse", "explainedVariance"]],
      ["mae", "rmse", "explainedVariance"],
    ],
    [
      "amounts have no class",
      ["huber", 1, ["accuracy", "auc", "top1", "mae", "rmse"]],
      ["accuracy", "auc", "top1"],
    ],
    ["results have one value per name", ["huber", 1, ["mae", mean, "mae"]], ["mae"]],
    ["functions without names are one name", ["huber", 1, [() => 0, () => 1]], ["metric"]],
  ])("that do not fit are told: %s", async (_, [loss, units, metrics], misfits) => {
    const problems = await problemsOf(task(loss, units, metrics));
    expect(problems.map(({ code }) => code)).toEqual(misfits.map(() => "experiment/invalid-value"));
    expect(problems.map(({ message }) => /`(\w+)`/.exec(message)![1])).toEqual(misfits);
    for (const { path } of problems) {
      const [, position] = /^tasks\.a\.metrics\.(\d+)$/.exec(path)!;
      expect(misfits).toContain(metricName(metrics[Number(position)]!));
    }
  });

  test("may be anything where loss or metric is a function", async () => {
    const ofLoss = task((labels, outputs) => tf.sub(labels, outputs), 1, ["accuracy", "mae", mean]);
    (await prepare(ofLoss)).network.dispose();
    (await prepare(task("softmaxCrossEntropy", 3, [mean, () => 0]))).network.dispose();
  });
});

test("a class needs a head with a single axis of outputs", async () => {
  const head = () =>
    tf.sequential({
      layers: [dense({ inputShape: [3], units: 6 }), tf.layers.reshape({ targetShape: [2, 3] })],
    });
  const [problem] = await problemsOf({ tasks: { a: { head, loss: "softmaxCrossEntropy" } } });
  expect(problem).toMatchObject({ path: "tasks.a.head", code: "experiment/shape" });
  expect(problem!.message).toContain("[2, 3]");
});

test("the record leaves out data, and no task for its name", async () => {
  const head = headOf(3);
  const shared = { train: arrayDataset({ inputs, labels: { data: classes } }) };
  const own = { train: arrayDataset({ inputs, labels: { own: classes } }) };
  const prepared = await prepare({
    data: shared,
    tasks: {
      data: { head, loss: "softmaxCrossEntropy", weight: 0.5 },
      own: { head, loss: "softmaxCrossEntropy", data: own },
    },
  });
  const { settings } = describeExperiment(prepared);
  expect(settings).not.toHaveProperty("data");
  expect(settings.tasks).toMatchObject({ data: { weight: 0.5 }, own: { weight: 1 } });
  expect((settings.tasks as typeof prepared.settings.tasks).own).not.toHaveProperty("data");
  prepared.network.dispose();
});

describe("identity", () => {
  const identity = async (settings: Partial<ExperimentSettings>) => {
    const prepared = await prepare(settings, false);
    const parts = await identityBytes(prepared);
    prepared.network.dispose();
    return parts.map((part) => Buffer.from(part).toString("hex")).join();
  };

  const pretrained = (weight: number) => () => {
    const kernelInitializer = tf.initializers.constant({ value: weight });
    const base = dense({ inputShape: [2], units: 3, kernelInitializer, trainable: false });
    return tf.sequential({ layers: [base] });
  };

  test("is the same for the same settings and data", async () => {
    expect(await identity({})).toBe(await identity({}));
  });

  test.each([
    ["settings", { batchSize: 4 }],
    ["data", { data: { train: train(), validation: train([...classes].reverse()) } }],
    ["frozen weights", { trunk: pretrained(2) }],
  ])("differs with other %s", async (_, settings) => {
    const trunk = pretrained(1);
    expect(await identity({ trunk, ...settings })).not.toBe(await identity({ trunk }));
  });
});
