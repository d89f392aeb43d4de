// Networks and data of less usual forms: a cluster does with them what a plain loop does.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  ateSg,
  type ExperimentSettings,
  momentum,
  type ScheduleSpec,
  satSg,
  sg,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, sharedInput } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

const { dense } = tf.layers;
const optimizer = {
  trunk: adam({ learningRate: 0.01 }),
  heads: momentum({ learningRate: 0.05 }),
};
const { tasks } = sharedInput().build({ dropout: false, size: 70 });
const { signs, ...others } = tasks;

/** Two outputs: a wide one, and a narrow one that only some heads take. */
function forkedTrunk() {
  const input = tf.input({ shape: [2] });
  const wide = dense({ units: 5, activation: "tanh" }).apply(input) as tf.SymbolicTensor;
  const narrow = dense({ units: 3, activation: "relu" }).apply(wide) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [wide, narrow] });
}

function greedyHead({ inputShapes }: { inputShapes: number[][] }) {
  const inputs = inputShapes.map((shape) => tf.input({ shape }));
  const joined = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs: dense({ units: 1 }).apply(joined) as tf.SymbolicTensor });
}

function frozenTrunk() {
  return tf.sequential({
    layers: [
      dense({ inputShape: [2], units: 5, activation: "tanh", trainable: false }),
      dense({ units: 4, activation: "relu" }),
    ],
  });
}

function narrowTrunk() {
  return tf.sequential({ layers: [dense({ inputShape: [2], units: 1 })] });
}

function passThrough({ inputShape }: { inputShape: number[] }) {
  const { activation } = tf.layers;
  return tf.sequential({ layers: [activation({ activation: "linear", inputShape })] });
}

const own = (size: number) => ({
  train: circles(size, 40, ["signs"]),
  validation: circles(10, 41, ["signs"]),
});

const forms: [string, Partial<ExperimentSettings>][] = [
  [
    "a trunk of two outputs, one head on both",
    { trunk: forkedTrunk, tasks: { ...tasks, disc: { ...tasks.disc!, head: greedyHead } } },
  ],
  ["a trunk of which a layer never trains", { trunk: frozenTrunk }],
  [
    "tasks that share an input beside one of its own, the larger",
    { tasks: { ...tasks, signs: { ...tasks.signs!, data: own(90) } } },
  ],
  [
    "tasks that share an input beside one of its own, the smaller, in two shards",
    { tasks: { signs: { ...signs!, data: own(9) }, ...others }, shards: 2 },
  ],
  ["a trunk without parameters", { trunk: () => passThrough({ inputShape: [2] }) }],
  [
    "a head without parameters",
    { trunk: narrowTrunk, tasks: { ...tasks, disc: { ...tasks.disc!, head: passThrough } } },
  ],
  ["one task", { tasks: { disc: tasks.disc! } }],
  ["a batch larger than the data", { batchSize: 500 }],
  [
    "batches of one",
    { batchSize: 1, data: { train: circles(12, 1, ["disc", "diamond", "signs"]) } },
  ],
];

describe.each(forms)("%s", (_, form) => {
  test.each<[string, ScheduleSpec]>([
    ["ateSg", ateSg()],
    ["sg", sg()],
    ["satSg", satSg()],
  ])("%s", async (_name, schedule) => {
    const made = sharedInput({ ...form, schedule, optimizer, epochs: 2 });
    const reference = await trainReference(made);
    const before = tf.memory().numTensors;
    const { result } = await trainCluster(made, { workers: 2 });
    expect(result.status).toBe("finished");
    expect(result.hashes).toEqual(reference);
    expect(tf.memory().numTensors).toBe(before);
  });
});
