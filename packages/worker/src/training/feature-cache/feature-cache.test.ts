import { readdirSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import type { ExperimentSettings, PreparedExperiment } from "@trunkline/core";
import { afterEach, expect, test, vi } from "vitest";
import { points, preparedPoints } from "../../../test/experiment.ts";
import { Batches } from "../batches.ts";
import { FeatureCaches, headInputs } from "../head-inputs.ts";
import { type LeaseHooks, trainHeads } from "../head-phase.ts";
import { Heads } from "../heads.ts";
import { MethodStates } from "../method-states.ts";
import { TaskTerms } from "../task-batches.ts";
import { FeatureCache } from "./feature-cache.ts";

const made: PreparedExperiment[] = [];

afterEach(() => {
  for (const { network } of made.splice(0)) network.dispose();
  vi.restoreAllMocks();
});

async function prepare(settings: Partial<ExperimentSettings> = {}) {
  const prepared = await preparedPoints({ evaluationBatchSize: 16, ...settings });
  made.push(prepared);
  return prepared;
}

const never = async () => false;
const numberBytes = 4;
/** 40 samples: 5 features; labels of 1, 1 and 2 numbers; weights of one task. */
const columns = { features: 40 * 5, labels: 40 * 4, weights: 40 };
const wholeBytes = numberBytes * (columns.features + columns.labels + columns.weights);

async function built(budgetBytes: number, settings: Partial<ExperimentSettings> = {}) {
  const prepared = await prepare(settings);
  const [source] = prepared.sources;
  const cache = await FeatureCache.build(prepared, source!, { budgetBytes, dropped: never });
  return cache!;
}

function numbersOf(cache: FeatureCache): number[][] {
  const { features, labels, sampleWeights } = cache.batch([3, 39, 0]);
  const tensors = [...features, ...labels.values(), ...sampleWeights.values()];
  const numbers = tensors.map((tensor) => [...tensor.dataSync()]);
  tf.dispose(tensors);
  return numbers;
}

test("all columns share the budget, and what is in files reads the same", async () => {
  const inMemory = await built(wholeBytes);
  expect(inMemory.memoryBytes).toBe(wholeBytes);
  const featuresOnly = await built(numberBytes * columns.features);
  expect(featuresOnly.memoryBytes).toBe(numberBytes * columns.features);
  const inFiles = await built(0);
  expect(inFiles.memoryBytes).toBe(0);
  for (const cache of [featuresOnly, inFiles]) {
    expect(numbersOf(cache)).toEqual(numbersOf(inMemory));
    cache.dispose();
  }
});

test("sources share the memory that one worker has", async () => {
  const { inside, sector } = (await prepare()).settings.tasks;
  const own = (seed: number) => ({ train: points(40, seed), validation: points(8, seed) });
  const shared = await prepare({
    data: undefined as never,
    tasks: { inside: { ...inside!, data: own(1) }, sector: { ...sector!, data: own(2) } },
    // Features and labels of one source, and 100 bytes more.
    cache: { memoryMiB: (numberBytes * (40 * 5 + 40) + 100) / 2 ** 20 },
  } as Partial<ExperimentSettings>);
  const caches = new FeatureCaches(shared);
  for (const source of shared.sources) await caches.fill(source, 0, never);
  expect(caches.memoryBytes()).toBe(numberBytes * (40 * 5 + 40));
  caches.dispose();
});

test("a trunk whose model leaves axes open gives features of the data's shape", async () => {
  const trunk = () => {
    const input = tf.input({ shape: [null, 1] });
    return tf.model({
      inputs: input,
      outputs: tf.layers.conv1d({ filters: 2, kernelSize: 1 }).apply(input) as tf.SymbolicTensor,
    });
  };
  const prepared = await prepare();
  const { network, sources } = prepared;
  const model = trunk();
  const [source] = sources;
  const { train } = source!.splits;
  const open = {
    ...prepared,
    network: { ...network, trunk: { ...network.trunk, model } },
  } as PreparedExperiment;
  const sequences = {
    ...source!,
    splits: { ...source!.splits, train: { ...train, inputShape: [2, 1] } },
  };
  const options = { budgetBytes: 2 ** 20, dropped: never };
  const cache = (await FeatureCache.build(open, sequences, options))!;
  const { features, labels, sampleWeights } = cache.batch([5, 6]);
  expect(features.map(({ shape }) => shape)).toEqual([[2, 2, 2]]);
  tf.dispose([...features, ...labels.values(), ...sampleWeights.values()]);
  model.dispose();
});

test("a fill that throws leaves neither tensor nor open file", async () => {
  let reads = 0;
  const train = points(40, 1);
  const failing: typeof train = {
    ...train,
    batch(indices, context) {
      if (reads++ === 1) throw new Error("on purpose");
      return train.batch(indices, context);
    },
  };
  const prepared = await prepare({ data: { train: failing, validation: points(8, 2) } });
  const before = { tensors: tf.memory().numTensors, files: openFiles() };
  reads = 0;
  const options = { budgetBytes: 0, dropped: never };
  await expect(FeatureCache.build(prepared, prepared.sources[0]!, options)).rejects.toThrow(
    "on purpose",
  );
  expect({ tensors: tf.memory().numTensors, files: openFiles() }).toEqual(before);
});

/** Files of caches that this process holds open. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}

/** A lease on data of which each read takes 200 ms. */
async function slowLease(hooks: Partial<LeaseHooks>) {
  const now = { ms: 0 };
  vi.spyOn(performance, "now").mockImplementation(() => now.ms);
  const train = points(40, 1);
  const slow: typeof train = {
    ...train,
    batch(indices, context) {
      now.ms += 200;
      return train.batch(indices, context);
    },
  };
  const prepared = await prepare({
    data: { train: slow, validation: points(8, 2) },
    evaluationBatchSize: 8,
  });
  const [batches, heads] = [new Batches(prepared), new Heads(prepared)];
  const caches = new FeatureCaches(prepared);
  const methods = new MethodStates(prepared);
  const trainer = { prepared, batches, heads, methods, terms: new TaskTerms(prepared) };
  const inputs = headInputs(prepared, { batches, caches, trunkVersion: 0 });
  const lease = {
    tasks: ["inside"],
    firstEpoch: 3,
    epochs: 1,
    learningRateScale: 1,
    weights: null,
  };
  const outcome = await trainHeads(trainer, inputs, lease, {
    progress() {},
    stepDone() {},
    cancelled: never,
    measure: (step) => step(),
    ...hooks,
  });
  const memoryBytes = caches.memoryBytes();
  caches.dispose();
  heads.dispose();
  return { outcome, memoryBytes };
}

test("a fill reports step 0 of the lease now and then", async () => {
  const told: unknown[] = [];
  await slowLease({ progress: (at) => told.push(at) });
  // Five chunks of 200 ms; told every 300 ms at most, from the second on.
  expect(told.slice(0, 2)).toEqual(Array(2).fill({ epoch: 3, step: 0, losses: {} }));
});

test("a fill that is cancelled ends the lease and keeps nothing", async () => {
  const before = tf.memory().numTensors;
  let steps = 0;
  const { outcome, memoryBytes } = await slowLease({
    cancelled: async () => true,
    stepDone: () => steps++,
  });
  expect([outcome, memoryBytes, steps]).toEqual([null, 0, 0]);
  made.splice(0).forEach(({ network }) => {
    network.dispose();
  });
  expect(tf.memory().numTensors).toBe(before);
});

test("the cache is full before the first step is measured", async () => {
  const reads = vi.fn();
  let isMeasuring = false;
  const spied = vi.spyOn(FeatureCache, "build");
  spied.mockClear();
  await slowLease({
    async measure(step) {
      isMeasuring = true;
      reads(spied.mock.calls.length);
      await step();
      reads(spied.mock.calls.length);
    },
  });
  expect(isMeasuring).toBe(true);
  expect(reads.mock.calls).toEqual([[1], [1]]);
});
