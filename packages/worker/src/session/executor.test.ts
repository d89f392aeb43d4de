import * as tf from "@tensorflow/tfjs";
import { type PreparedExperiment, satSg } from "@trunkline/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { preparedPoints } from "../../test/experiment.ts";
import type { SessionEvent } from "./effects.ts";
import { Executor } from "./executor.ts";

let prepared: PreparedExperiment;
let executor: Executor;
let told: SessionEvent[];

beforeEach(async () => {
  prepared = await preparedPoints({ schedule: satSg(), batchSize: 16, shards: 3 });
  told = [];
  executor = new Executor(prepared, {
    tell: (event) => told.push(event),
    progress() {},
    cancelled: async () => false,
    work() {},
  });
});

afterEach(() => {
  executor.dispose();
  prepared.network.dispose();
});

const place = { run: "test", memberEpoch: 0, phase: 0, trunkVersion: 0 };
const order = { job: 0, at: place };
const shards = [0, 1, 2];
const headStep = (step: number) =>
  executor.headStep({
    type: "headStep",
    at: { phase: 0, epoch: 0, step, turn: 0 },
    shards,
    learningRateScale: 1,
  });

/** Peaks as they were delivered with heads. */
const peaks = () => told.map((event) => (event.type === "delivery" ? event.peakBytes : 0));

test("the heads' half of a joint step runs the trunk once, however many shards there are", async () => {
  await headStep(0);
  const { kernels } = await tf.profile(async () => {
    await headStep(1);
    return [];
  });
  // The trunk alone has a tanh.
  expect(kernels.filter(({ name }) => name === "Tanh").length).toBe(1);
});

test("the first of these halves counts towards the phase's peak", async () => {
  await headStep(0);
  await executor.collect({ type: "collect", order, kind: "joint", phase: 0, shards: [0] });
  expect(peaks()[0]).toBeGreaterThan(0);
});

test("the first step of every lease counts towards the phase's peak", async () => {
  const epochs = { firstEpoch: 0, epochs: 1, learningRateScale: 1, weights: null };
  const lease = { ...epochs, phase: 1, trunkVersion: 0 };
  for (const shard of shards) {
    await executor.trainHeads({ type: "trainHeads", order, shard, ...lease });
  }
  // Shard 1 has a head of three outputs, shard 0 one of a single output.
  const [first, second] = peaks();
  expect(second).toBeGreaterThan(first!);
});

test("an evaluation that is dropped tells nothing", async () => {
  const dropped = new Executor(prepared, {
    tell: (event) => told.push(event),
    progress() {},
    cancelled: async () => true,
    work() {},
  });
  const { now } = performance;
  let ms = 0;
  performance.now = () => {
    ms += 1000;
    return ms;
  };
  await dropped.evaluate({ type: "evaluate", order, request: 0, split: "test", shards });
  performance.now = now;
  dropped.dispose();
  expect(told).toEqual([]);
});
