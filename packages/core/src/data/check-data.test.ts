import { describe, expect, test } from "vitest";
import { arrayDataset } from "./array-dataset.ts";
import { checkDataset } from "./check-data.ts";
import type { Dataset } from "./dataset.ts";
import type { LabelRules } from "./label-rules.ts";

const { NaN: none, POSITIVE_INFINITY: infinity } = Number;
const real: LabelRules = { outputSize: 1, labels: "real", missing: false };
const classes: LabelRules = { outputSize: 3, labels: "class", missing: false };

const found = async (dataset: Dataset, tasks: Record<string, LabelRules> = {}) => {
  const problems = await checkDataset(dataset, { split: "train", tasks, path: "data" });
  return problems.map(({ code, path, message }) => `${code} ${path}: ${message}`);
};
const labelled = (y: number[]) => arrayDataset({ inputs: y.map(() => [0]), labels: { y } });

describe("a checked split", () => {
  test("without mistakes has no problems", async () => {
    expect(await found(labelled([0, 1, 2]), { y: classes })).toEqual([]);
  });

  test("tells the first bad input of each feature, and how many more there are", async () => {
    const inputs = [
      [0, 1],
      [none, 1],
      [0, infinity],
      [-infinity, 0],
    ];
    expect(await found(arrayDataset({ inputs, labels: {} }))).toEqual([
      "data/not-finite data.train: Inputs should be finite. Found NaN in sample 1, feature 0. " +
        "(1 more like it.)",
      "data/not-finite data.train: Inputs should be finite. Found Infinity in sample 2, feature 1.",
    ]);
  });

  test("names positions of inputs with several axes, in later chunks too", async () => {
    const values = new Float32Array(5000 * 6);
    values[4500 * 6 + 4] = none;
    const inputs = { shape: [5000, 2, 3], values };
    expect(await found(arrayDataset({ inputs, labels: {} }))).toEqual([
      expect.stringMatching(/Found NaN in sample 4500, position \[1, 1\]\./),
    ]);
  });

  test.each<[string, number[], LabelRules, RegExp | undefined]>([
    [
      "a class over the head's outputs",
      [0, 3],
      classes,
      /label-range.*0 to 2\. Found 3 in sample 1/,
    ],
    ["a negative class", [-1], classes, /label-range.*Found -1/],
    ["a class between two", [0.5], classes, /label-range.*whole numbers.*Found 0\.5/],
    ["a binary label over 1", [2], { ...real, labels: "binary" }, /label-range.*0 to 1\. Found 2/],
    ["a probability as a binary label", [0.25], { ...real, labels: "binary" }, undefined],
    ["NaN among labels", [0, none], real, /not-finite data\.train\.labels\.y.*sample 1\./],
    ["NaN where labels may miss", [0, none], { ...classes, missing: true }, undefined],
    ["infinity where labels may miss", [infinity], { ...real, missing: true }, /not-finite/],
    ["any finite real label", [-1e9, 0.5], real, undefined],
  ])("%s", async (_, labels, rules, message) => {
    const problems = await found(labelled(labels), { y: rules });
    expect(problems).toEqual(message === undefined ? [] : [expect.stringMatching(message)]);
  });

  test("may have rows of probabilities as class labels", async () => {
    const rows = { shape: [2, 3], values: [0, 0.5, 0.5, 0, 0, 1.5] };
    const dataset = arrayDataset({ inputs: [[0], [0]], labels: { y: rows } });
    expect(await found(dataset, { y: classes })).toEqual([
      expect.stringMatching(/label-range.*from 0 to 1\. Found 1\.5 in sample 1, feature 2\./),
    ]);
  });

  test("without samples is one problem", async () => {
    expect(await found(labelled([]), { y: classes })).toEqual([
      "data/empty data.train: The split has no samples.",
    ]);
  });

  test("without a task's labels names the nearest", async () => {
    expect(await found(labelled([1]), { yy: classes })).toEqual([
      expect.stringMatching(/experiment\/shape data\.train\.labels\.yy.*`y`/),
    ]);
  });

  test("whose batches are not what the shapes announce is told", async () => {
    const short: Dataset = {
      size: 2,
      inputShape: [3],
      labelShapes: { y: [] },
      batch: () => ({ inputs: new Float32Array(5), labels: {} }),
    };
    expect(await found(short, { y: real })).toEqual([
      expect.stringMatching(/Inputs of a batch should be 2 × \[3\] values\. Found 5/),
      expect.stringMatching(/Labels of a batch should be 2 × \[\] values\. Found 0/),
    ]);
  });

  test("has finite sample weights", async () => {
    const sampleWeights = { y: [1, none] };
    const dataset = arrayDataset({ inputs: [[0], [0]], labels: { y: [0, 1] }, sampleWeights });
    expect(await found(dataset, { y: real })).toEqual([
      expect.stringMatching(/not-finite data\.train\.sampleWeights\.y: Sample weights.*sample 1\./),
    ]);
  });
});
