// The feature cache saves work and changes no bit.

import {
  adam,
  ateSg,
  type Dataset,
  type ExperimentSettings,
  type Overrides,
  sgd,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, ownInputs, sharedInput, statefulLayers } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

const settings: Partial<ExperimentSettings> = {
  schedule: ateSg({ headEpochs: 2 }),
  optimizer: { trunk: sgd({ learningRate: 0.1 }), heads: adam({ learningRate: 0.01 }) },
  epochs: 5,
  // Neither a divisor of the split nor a multiple of the batch.
  evaluationBatchSize: 27,
};

const off = { "cache.enabled": "false" };
const spilled = { "cache.memoryMiB": "0" };

describe.each([
  ["tasks that share their input", sharedInput],
  ["tasks with inputs of their own", ownInputs],
  ["batch norm and dropout", statefulLayers],
])("%s", (_, experiment) => {
  test("features in memory, in a file and of the moment give the same bits", async () => {
    const made = experiment(settings);
    const kept = await trainCluster(made);
    for (const set of [off, spilled]) {
      const { result } = await trainCluster(made, { set, workers: 2 });
      expect(result.hashes).toEqual(kept.result.hashes);
    }
  });
});

test("a cache in memory is part of the phase's peak, one in a file is not", async () => {
  const made = sharedInput(settings);
  const peakOf = async (set: Overrides["set"]) => {
    const { result } = await trainCluster(made, { set });
    return result.phases.find(({ kind }) => kind === "head")!.peakBytes;
  };
  // Of each sample the features and a label of three tasks.
  const cacheBytes = 70 * (6 + 3) * 4;
  expect((await peakOf({})) - (await peakOf(spilled))).toBe(cacheBytes);
});

/** Reads of train during head phases, and what makes them. */
interface Watched {
  settings: Partial<ExperimentSettings>;
  reads: { head: number };
}

/** `sharedInput`'s data, where each read of a train batch in a head phase counts. */
function watched(wrap: (train: Dataset) => Dataset): Watched & { phase: { kind: string } } {
  const names = ["disc", "diamond", "signs"];
  const reads = { head: 0 };
  const phase = { kind: "" };
  const train = wrap(circles(70, 1, names));
  const counting: Dataset = {
    ...train,
    batch(indices, context) {
      if (phase.kind === "head") reads.head++;
      return train.batch(indices, context);
    },
  };
  const data = { train: counting, validation: circles(20, 2, names), test: circles(30, 3, names) };
  return { settings: { ...settings, data }, reads, phase };
}

async function headReads(wrap: (train: Dataset) => Dataset, set: Overrides["set"] = {}) {
  const { settings: made, reads, phase } = watched(wrap);
  const { result } = await trainCluster(sharedInput(made), {
    set,
    watch: (event) => {
      if (event.type === "phaseStarted") phase.kind = event.kind;
      if (event.type === "edge") phase.kind = "";
    },
  });
  return { reads: reads.head, hashes: result.hashes };
}

/** Inputs with noise from the draws that the dataset is given. */
const noisy = (train: Dataset): Dataset => ({
  ...train,
  augments: true,
  async batch(indices, context) {
    const batch = await train.batch(indices, context);
    const noise = () => 0.1 * context.draw.uniform();
    return { ...batch, inputs: batch.inputs.map((value) => value + noise()) };
  },
});

const same = (train: Dataset) => train;
/** Of the cache, over 70 samples. */
const chunks = Math.ceil(70 / 27);

test("a head phase reads its data once, in chunks, whatever its length", async () => {
  const cached = await headReads(same);
  // Phases of 2 and 1 epochs; the three shards of one source share a cache.
  expect(cached.reads).toBe(2 * chunks);
  const uncached = await headReads(same, off);
  const steps = (2 + 1) * 5;
  expect(uncached.reads).toBe(3 * steps);
  expect(uncached.hashes).toEqual(cached.hashes);
});

test("a dataset that augments is read at every step, cache or no cache", async () => {
  const withCache = await headReads(noisy);
  const without = await headReads(noisy, off);
  expect(withCache).toEqual(without);
  expect(withCache.reads).toBe((await headReads(same, off)).reads);
  const plain = await headReads(same);
  expect(withCache.hashes.heads).not.toEqual(plain.hashes.heads);
});

test("augmented inputs follow the counters: one worker, three and a plain loop end equal", async () => {
  const { settings: made } = watched(noisy);
  const reference = await trainReference(sharedInput(made));
  for (const workers of [1, 3]) {
    const { result } = await trainCluster(sharedInput(made), { workers });
    expect(result.hashes).toEqual(reference);
  }
});
