import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { arrayDataset } from "../data/array-dataset.ts";
import { defineExperiment, type ExperimentSettings } from "./define.ts";
import { prepareExperiment } from "./prepare.ts";
import { resolveExperiment } from "./resolve.ts";

const labels = { left: [0, 1], right: [1, 0], whole: [0, 0] };
const dense = (units: number, inputShape: number[]) =>
  tf.sequential({ layers: [tf.layers.dense({ units, inputShape })] });
const task = {
  head: ({ inputShape }: { inputShape: number[] }) => dense(1, inputShape),
  loss: "sigmoidCrossEntropy",
} as const;

function resolve(only: string, settings: Partial<ExperimentSettings> = {}) {
  const experiment = defineExperiment({
    name: "three",
    build: () => ({
      data: { train: arrayDataset({ inputs: [[0], [1]], inputShape: [1], labels }) },
      trunk: () => dense(2, [1]),
      tasks: { left: task, right: task, whole: task },
      ...settings,
    }),
  });
  return resolveExperiment(experiment, { set: { only } });
}

const open = () => {
  throw new Error("no file");
};

test.each([
  ["right", ["right"]],
  ["whole, left", ["left", "whole"]],
  ['["whole"]', ["whole"]],
])("only=%s leaves those tasks, in the experiment's order", (only, tasks) => {
  expect(Object.keys(resolve(only).settings.tasks)).toEqual(tasks);
});

test("a run of some tasks needs neither the others' heads nor their labels", async () => {
  const left = await prepareExperiment(resolve("left"), { open });
  expect([left.tasks, left.shards]).toEqual([["left"], [["left"]]]);
  expect([...left.network.heads.keys()]).toEqual(["left"]);
  left.network.dispose();
});

describe("a name in `only`", () => {
  test("that no task has is an error with the nearest one", () => {
    const message =
      /only: Parameter `only` should be .*left, right, whole\. Found "rigth"\. Did you mean `right`\?/;
    expect(() => resolve("left,rigth")).toThrow(message);
  });

  test("that is there twice is an error", () => {
    expect(() => resolve("left,left")).toThrow(/Found "left"\./);
  });

  test("counts for what the number of tasks bounds", () => {
    expect(() => resolve("left,right", { shards: 3 })).toThrow(/number of tasks, 2\. Found 3/);
  });
});
