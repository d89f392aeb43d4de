// Every method by its name, through coordinator and workers: the weights depend neither on the number of
// workers nor on the way that gradients took.

import {
  ateSg,
  defineExperiment,
  type MethodName,
  methodNames,
  methodOf,
  resolveExperiment,
  type Splits,
  satSg,
  sg,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";
import { initialState } from "./support/states.ts";

/** Three tasks in two shards, so that one shard has two. */
const experiment = sharedInput({ epochs: 5, shards: 2, conflictEvery: 2 });

/** Options without which a method means nothing. */
const needed: Partial<Record<MethodName, Record<string, string>>> = {
  fixed: { "method.weights": "[1,0.5,2]" },
};

const setOf = (method: MethodName) => ({ method, ...needed[method] });

function methodNamed(method: MethodName) {
  return methodOf(resolveExperiment(experiment, { set: setOf(method) }).settings.method);
}

async function hashesOf(set: Record<string, string>, workers: number, of = experiment) {
  const { result } = await trainCluster(of, { workers, set });
  expect(result.status).toBe("finished");
  return result.hashes;
}

describe.each(methodNames)("%s", (method) => {
  test("gives equal bits with one, two and three workers", async () => {
    const one = await hashesOf(setOf(method), 1);
    expect(await hashesOf(setOf(method), 2)).toEqual(one);
    expect(await hashesOf(setOf(method), 3)).toEqual(one);
  });

  test("gives equal bits in joint phases too", async () => {
    const joint = sharedInput({ epochs: 2, shards: 2, schedule: sg() });
    const one = await hashesOf(setOf(method), 1, joint);
    expect(await hashesOf(setOf(method), 2, joint)).toEqual(one);
  });
});

const weighing = methodNames.filter(
  (name) => name !== "ew" && methodNamed(name).form === "weighting",
);

const looking = methodNames.filter((name) => methodNamed(name).needs === "gram");

test.each(weighing)("%s moves the trunk elsewhere than plain summing", async (method) => {
  const plain = await hashesOf({ method: "ew" }, 1);
  expect((await hashesOf(setOf(method), 1)).trunk).not.toBe(plain.trunk);
});

test.each(looking)("%s sends its rows once or twice, with the same bits", async (method) => {
  const set = setOf(method);
  const twice = await hashesOf({ ...set, "rows.twoPass": "true" }, 2);
  expect(twice).toEqual(await hashesOf(set, 2));
});

test.each(["pcgrad", "graddrop"] as const)(
  "%s sends its rows in as many stretches as it takes",
  async (method) => {
    // Eight of ten numbers each, of which four may be under way.
    const set = { method, "rows.stretchKiB": "0.04" };
    const one = await hashesOf(set, 1);
    expect(await hashesOf(set, 2)).toEqual(one);
    if (method === "graddrop") return expect(one).toEqual(await hashesOf({ method }, 1));
    expect(await hashesOf({ ...set, "rows.twoPass": "true" }, 2)).toEqual(one);
  },
);

describe.each(methodNames)("heads under %s", (method) => {
  test.each([
    ["sg", sg()],
    ["sat-sg", satSg()],
  ])("move in %s, scaled or not", async (_, schedule) => {
    const joint = sharedInput({ epochs: 1, shards: 2, schedule });
    const initial = await initialState(joint);
    // Of the tasks that krum leaves out the heads stand still where its weights scale them.
    const isScaled = methodNamed(method).form === "weighting" && method !== "krum";
    const scales = isScaled ? ["true", "false"] : ["false"];
    for (const scaleHeads of scales) {
      const set = { ...setOf(method), scaleHeads };
      const { result, last } = await trainCluster(joint, { workers: 1, set });
      expect(result.status).toBe("finished");
      for (const [task, { weights }] of Object.entries(last!.heads)) {
        expect(weights).not.toEqual(initial.heads[task]!.weights);
      }
    }
  });
});

test("losses after a step are measured without reading a batch again for each shard", async () => {
  let reads = 0;
  const { data, ...rest } = sharedInput().build({ dropout: false, size: 70 });
  const { train, ...splits } = data as Splits;
  const counted: Splits["train"] = {
    ...train,
    batch(indices, context) {
      reads += Number(context.training);
      return train.batch(indices, context);
    },
  };
  const counting = defineExperiment({
    name: "counting",
    build: () => ({ ...rest, data: { train: counted, ...splits }, epochs: 1 }),
  });
  await trainCluster(counting, { workers: 1, set: { method: "famo", shards: "3" } });
  // Five steps, and four of them once more after the trunk moved.
  expect(reads).toBe(9);
});

describe.each([
  ["ate-sg", ateSg()],
  ["sg", sg()],
  ["sat-sg", satSg()],
])("weights of the method under %s", (_, schedule) => {
  const scheduled = sharedInput({ epochs: 2, shards: 2, schedule });

  test.each(["fixed", "gls", "pcgrad", "uw"] as const)(
    "scale the heads' steps exactly where they are asked to: %s",
    async (method) => {
      const [scaled, plain] = await Promise.all(
        ["true", "false"].map((scaleHeads) =>
          hashesOf({ ...setOf(method), scaleHeads, conflictEvery: "1" }, 2, scheduled),
        ),
      );
      expect(scaled!.heads).not.toEqual(plain!.heads);
    },
  );
});
