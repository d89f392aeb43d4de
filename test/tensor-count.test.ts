// What is made is disposed: a run, a phase and the reference leave as many tensors as they found.

import * as tf from "@tensorflow/tfjs";
import {
  ateSg,
  type Dataset,
  type ExperimentSettings,
  momentum,
  type ScheduleSpec,
  satSg,
  sg,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, ownInputs, sharedInput, statefulLayers } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

const count = () => tf.memory().numTensors;
const clip = { trunk: { value: 0.1 }, heads: { value: 0.1, globalNorm: 0.5 } };
const optimizer = {
  trunk: momentum({ learningRate: 0.05 }),
  heads: momentum({ learningRate: 0.05 }),
};

describe.each([
  ["ateSg", ateSg({ headEpochs: 2 })],
  ["sg", sg()],
  ["satSg", satSg()],
])("a run of %s leaves no tensor behind", (_, schedule) => {
  test.each([
    ["plain layers", sharedInput],
    ["inputs of their own", ownInputs],
    ["batch norm and dropout", statefulLayers],
  ])("%s", async (_name, experiment) => {
    const made = experiment({ schedule, optimizer, clip, epochs: 3 });
    const before = count();
    const { result } = await trainCluster(made);
    expect(result.status).toBe("finished");
    expect(count()).toBe(before);
  });
});

test("nor do a run without cache, one of three workers, and the reference", async () => {
  const made = statefulLayers({ optimizer, clip, epochs: 2 });
  const before = count();
  await trainCluster(made, { set: { "cache.enabled": "false" } });
  expect(count()).toBe(before);
  await trainCluster(made, { workers: 3 });
  expect(count()).toBe(before);
  await trainReference(made);
  expect(count()).toBe(before);
});

test("nor does a run that is stopped inside a phase", async () => {
  const before = count();
  const { result } = await trainCluster(sharedInput({ epochs: 4, optimizer }), {
    watch: (event, coordinator) => {
      if (event.type === "step" && event.epoch === 2) coordinator.stop();
    },
  });
  expect(result.status).toBe("stopped");
  expect(count()).toBe(before);
});

/** Train data that leaves one tensor behind per batch, from a kind of phase on. */
function leaking(schedule: ScheduleSpec, phase: { leaks: boolean }): Partial<ExperimentSettings> {
  const names = ["disc", "diamond", "signs"];
  const dataset = circles(70, 1, names);
  const train: Dataset = {
    ...dataset,
    batch(indices, context) {
      if (phase.leaks) leaked.push(tf.scalar(0));
      return dataset.batch(indices, context);
    },
  };
  return { schedule, data: { train, validation: circles(20, 2, names) } };
}
const leaked: tf.Tensor[] = [];

test.each([
  ["shared", ateSg(), "epoch 0 began with"],
  ["head", ateSg(), "the lease of shard 0 in phase 1 began with"],
  ["joint", sg(), "epoch 0 began with"],
])(
  "a %s phase that leaves a tensor behind fails the worker and is named",
  async (kind, schedule, text) => {
    const phase = { leaks: false };
    const { result, events } = await trainCluster(sharedInput(leaking(schedule, phase)), {
      watch: (event) => {
        if (event.type === "phaseStarted") phase.leaks = event.kind === kind;
        if (event.type === "phaseEnded") phase.leaks = false;
      },
    });
    expect(result.status).toBe("failed");
    expect(events.find((event) => event.type === "runFailed")).toMatchObject({
      code: "run/worker-failed",
      message: expect.stringContaining(text),
    });
    tf.dispose(leaked.splice(0));
  },
);
