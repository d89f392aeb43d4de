// Clipping, learning-rate schedules and weights of samples: a cluster does what a plain loop does.

import {
  adam,
  arrayDataset,
  ateSg,
  cosine,
  type ExperimentSettings,
  exponential,
  type Hashes,
  type LearningRate,
  momentum,
  satSg,
  sg,
  stepDecay,
} from "@trunkline/core";
import { beforeAll, describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, ownInputs, sharedInput } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

function optimizers(trunk: LearningRate, heads: LearningRate) {
  return { trunk: momentum({ learningRate: trunk }), heads: adam({ learningRate: heads }) };
}

const steady = optimizers(0.05, 0.01);

/** The end of a cluster that equals the plain loop's. */
async function equalEnds(settings: Partial<ExperimentSettings>) {
  const made = sharedInput(settings);
  const reference = await trainReference(made);
  const { result } = await trainCluster(made, { workers: 2 });
  expect(result.hashes).toEqual(reference);
  return reference;
}

const clips: [string, NonNullable<ExperimentSettings["clip"]>][] = [
  ["the trunk's components", { trunk: { value: 0.001 } }],
  ["the trunk's norm", { trunk: { globalNorm: 0.01 } }],
  ["the heads' components", { heads: { value: 0.001 } }],
  ["the heads' norms", { heads: { globalNorm: 0.01 } }],
  [
    "all of them",
    { trunk: { value: 0.01, globalNorm: 0.02 }, heads: { value: 0.01, globalNorm: 0.02 } },
  ],
];

describe("clipping", () => {
  const optimizer = {
    trunk: momentum({ learningRate: 0.05 }),
    heads: momentum({ learningRate: 0.05 }),
  };
  const shared = { optimizer, schedule: ateSg(), epochs: 1 };
  const head = { optimizer, schedule: ateSg({ first: "head" }), epochs: 1 };
  let plain: { shared: Hashes; head: Hashes };

  beforeAll(async () => {
    plain = {
      shared: await trainReference(sharedInput(shared)),
      head: await trainReference(sharedInput(head)),
    };
  });

  test.each(clips)("%s moves them otherwise, as a plain loop does", async (_, clip) => {
    const { trunk } = await equalEnds({ ...shared, clip });
    expect(trunk !== plain.shared.trunk).toBe(clip.trunk !== undefined);
    const { heads } = await equalEnds({ ...head, clip });
    for (const task of ["disc", "diamond", "signs"]) {
      expect(heads[task] !== plain.head.heads[task]).toBe(clip.heads !== undefined);
    }
  });

  test.each([
    ["sg", sg()],
    ["satSg", satSg()],
  ])("in joint phases of %s takes both blocks, by value and norm", async (_, schedule) => {
    const joint = { optimizer: steady, schedule, epochs: 2 };
    const clipped = await equalEnds({ ...joint, clip: clips.at(-1)![1] });
    expect(clipped).not.toEqual(await trainReference(sharedInput(joint)));
  });
});

const rates: [string, LearningRate, LearningRate][] = [
  ["cosine", cosine({ initial: 0.1, final: 0.01 }), cosine({ initial: 0.02 })],
  [
    "cosine over part of the run",
    cosine({ initial: 0.1, epochs: 3 }),
    cosine({ initial: 0.02, epochs: 2 }),
  ],
  [
    "steps",
    stepDecay({ initial: 0.1, factor: 0.1, every: 2 }),
    stepDecay({ initial: 0.02, factor: 0.5, every: 1 }),
  ],
  [
    "exponential",
    exponential({ initial: 0.1, decay: 0.8 }),
    exponential({ initial: 0.02, decay: 0.9 }),
  ],
];

test.each(rates)(
  "learning rates follow the global epoch through the phases: %s",
  async (_, trunk, heads) => {
    for (const schedule of [ateSg({ sharedEpochs: 2, headEpochs: 1 }), satSg()]) {
      const optimizer = optimizers(trunk, heads);
      const scheduled = await equalEnds({ optimizer, schedule, epochs: 5 });
      const first = { optimizer: optimizers(0.1, 0.02), schedule, epochs: 5 };
      expect((await trainReference(sharedInput(first))).trunk).not.toBe(scheduled.trunk);
    }
  },
);

test("weights of samples and missing labels count as in a plain loop", async () => {
  const names = ["disc", "diamond", "signs"];
  const plain = circles(70, 1, names);
  const all = Array.from({ length: 70 }, (_, i) => i);
  const batch = await plain.batch(all, { epoch: 0, training: false, draw: undefined as never });
  const half = batch.labels.disc!.map((label, i) => (i % 3 === 0 ? Number.NaN : label));
  const train = arrayDataset({
    inputs: batch.inputs,
    inputShape: [2],
    labels: { ...batch.labels, disc: half },
    sampleWeights: { signs: all.map((i) => (i % 5) / 2) },
  });
  const { tasks } = sharedInput().build({ dropout: false, size: 70 });
  const settings: Partial<ExperimentSettings> = {
    data: { train, validation: circles(20, 2, names), test: circles(30, 3, names) },
    tasks: { ...tasks, disc: { ...tasks.disc!, missingLabels: true, positiveWeight: 2 } },
    optimizer: steady,
    shards: 2,
  };
  for (const schedule of [ateSg(), sg()]) {
    const weighted = await equalEnds({ ...settings, schedule });
    const { heads } = await trainReference(sharedInput({ optimizer: steady, shards: 2, schedule }));
    for (const task of names) expect(weighted.heads[task]).not.toBe(heads[task]);
  }
});

test("unequal tasks with clipping, decay of the rate and dropout still end equal", async () => {
  const settings = {
    optimizer: optimizers(...(rates[0]!.slice(1) as [LearningRate, LearningRate])),
    clip: clips.at(-1)![1],
  };
  const made = ownInputs({ ...settings, epochs: 3 });
  const set = { dropout: "true" };
  const reference = await trainReference(made, set);
  for (const workers of [1, 3]) {
    const { result } = await trainCluster(made, { workers, set });
    expect(result.hashes).toEqual(reference);
  }
});
