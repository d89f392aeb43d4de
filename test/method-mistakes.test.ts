// What bad input gets from methods: an error with a way out, or a fallback that the stream tells of; never a
// trunk that is not a number.

import * as tf from "@tensorflow/tfjs";
import {
  arrayDataset,
  ateSg,
  defineExperiment,
  type ExperimentSettings,
  type MethodName,
  methodNames,
  methodOf,
  resolveExperiment,
  sg,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { prepared, trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";

const problemsOf = (set: Record<string, string>, settings: Partial<ExperimentSettings> = {}) => {
  try {
    resolveExperiment(sharedInput(settings), { set });
    return [];
  } catch (error) {
    return (error as { problems: { path: string; message: string; remedy: string }[] }).problems;
  }
};

describe("before training", () => {
  test.each([
    [{ method: "pcgard" }, "method", /pcgrad/],
    [{ method: "pcgrad", "method.beta": "1" }, "method.beta", /no field/],
    [{ method: "cagrad", "method.cc": "1" }, "method.cc", /no field.*Did you mean/],
    [{ method: "cagrad", "method.c": "much" }, "method.c", /number/],
    [{ method: "fixed" }, "method.weights", /array|list/],
    [{ method: "fixed", "method.weights": "[1,2]" }, "method.weights", /3/],
    [{ method: "cr-mogm", "method.of": "mgad" }, "method.of", /mgda|method/],
    [{ method: "cr-mogm", "method.of": "mao" }, "method.of", /weight per task/],
    [{ method: "uw", "rows.twoPass": "true" }, "rows.twoPass", /inner products/],
    [{ method: "uw", normalise: "meanNorm" }, "normalise", /none/],
    [{ method: "graddrop", normalise: "sumToTasks" }, "normalise", /none/],
    [{ method: "graddrop", scaleHeads: "true" }, "scaleHeads", /without weights/],
    [{ method: "pcgrad", "routing.mode": "sequential" }, "routing.mode", /summed/],
  ])("%j names the field and the way out", (set, path, message) => {
    const problems = problemsOf(set);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]!.message).toMatch(message);
    expect(problems[0]!.remedy).not.toBe("");
  });

  test("rows that would not fit are refused, with both ways out", async () => {
    const small = sharedInput({ method: "pcgrad", rows: { memoryMiB: 0.0001 } });
    await expect(prepared(small)).rejects.toMatchObject({
      problems: [
        {
          path: "rows.memoryMiB",
          code: "experiment/rows-memory",
          remedy: expect.stringMatching(/twoPass/),
        },
      ],
    });
    const { ready } = await prepared(small, { "rows.twoPass": "true" });
    ready.network.dispose();
  });
});

const needed: Partial<Record<MethodName, Record<string, string>>> = {
  fixed: { "method.weights": "[1,2]" },
};

const size = 12;
const noise = (seed: number) =>
  Float32Array.from({ length: size * 2 }, (_, i) => Math.sin(seed + 1.7 * i));

const labels = (seed: number) => noise(seed).slice(0, size);

interface Pair {
  left: Float32Array;
  right: Float32Array;
}

/** Two regressions of one number on a trunk of two inputs; heads pass the features through. */
function regression({ left, right }: Pair, heads: { left: number; right: number }) {
  const train = arrayDataset({ inputs: noise(0), inputShape: [2], labels: { left, right } });
  const head = (factor: number) => () =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          inputShape: [1],
          units: 1,
          useBias: false,
          trainable: false,
          kernelInitializer: tf.initializers.constant({ value: factor }),
        }),
      ],
    });
  const trunk = () =>
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1, useBias: false })] });
  return defineExperiment({
    name: "pair",
    build: () => ({
      data: { train, validation: train },
      trunk,
      tasks: {
        left: { head: head(heads.left), loss: "meanSquaredError" },
        right: { head: head(heads.right), loss: "meanSquaredError" },
      },
      batchSize: size,
      epochs: 6,
      conflictEvery: 1,
    }),
  });
}

const methodOfName = (name: MethodName) =>
  methodOf(
    resolveExperiment(regression({ left: labels(1), right: labels(2) }, { left: 1, right: 1 }), {
      set: { method: name, ...needed[name] },
    }).settings.method,
  );
const looking = methodNames.filter((name) => methodOfName(name).needs === "gram");

describe.each(methodNames)("%s", (name) => {
  const set = { method: name, ...needed[name] };

  test("lives with a task that has no gradient for the trunk", async () => {
    const still = regression({ left: labels(1), right: labels(2) }, { left: 1, right: 0 });
    const { result, last, events } = await trainCluster(still, { workers: 2, set });
    expect(result.status).toBe("finished");
    expect(last!.trunk.weights.every(Number.isFinite)).toBe(true);
    if (!looking.includes(name)) return;
    const told = events.filter(({ type }) => type === "methodFallback");
    expect(told[0]).toMatchObject({ kind: "zeroGradient", tasks: ["right"] });
  });

  test("lives with gradients that are opposed exactly", async () => {
    const opposed = regression(
      { left: labels(1), right: labels(1).map((y) => -y) },
      { left: 1, right: -1 },
    );
    const mirrored = { ...set };
    const { result, last } = await trainCluster(opposed, { workers: 2, set: mirrored });
    expect(result.status).toBe("finished");
    expect(last!.trunk.weights.every(Number.isFinite)).toBe(true);
  });

  test("with one task says that there is nothing to balance", async () => {
    const one = sharedInput({ epochs: 2 });
    const alone = defineExperiment({
      name: "alone",
      build: () => {
        const { tasks, ...rest } = one.build({ dropout: false, size: 40 });
        return { ...rest, tasks: { disc: tasks.disc! } };
      },
    });
    const single = name === "fixed" ? { ...set, "method.weights": "[1]" } : set;
    const { result, last, events } = await trainCluster(alone, { workers: 1, set: single });
    expect(result.status).toBe("finished");
    expect(last!.trunk.weights.every(Number.isFinite)).toBe(true);
    const warned = events.some(
      (event) => event.type === "warning" && event.message.includes("nothing to balance"),
    );
    expect(warned).toBe(name !== "ew");
  });
});

test("opposed gradients without a Nash solution are told", async () => {
  // Gradients g and -g: labels y and 2 f(x) - y mirror each other at the first step alone, so that the trunk
  // stands still there: predictions start at zero.
  const train = arrayDataset({
    inputs: noise(0),
    inputShape: [2],
    labels: { left: labels(1), right: labels(1).map((y) => -y) },
  });
  const zero = regression({ left: labels(1), right: labels(2) }, { left: 1, right: 1 });
  const opposed = defineExperiment({
    name: "opposed",
    build: () => ({
      ...zero.build({}),
      data: { train, validation: train },
      trunk: () =>
        tf.sequential({
          layers: [
            tf.layers.dense({
              inputShape: [2],
              units: 1,
              useBias: false,
              kernelInitializer: "zeros",
            }),
          ],
        }),
      method: "nash-mtl",
    }),
  });
  const { result, events, last } = await trainCluster(opposed, { workers: 2 });
  expect(result.status).toBe("finished");
  expect(last!.trunk.weights.every(Number.isFinite)).toBe(true);
  const told = events.find(({ type }) => type === "methodFallback");
  expect(told).toMatchObject({ kind: "noSolution", tasks: ["left", "right"] });
});

const shifted = (value: number) => (_: tf.Tensor, outputs: tf.Tensor) =>
  tf.tidy(() => tf.add(tf.mean(tf.square(outputs)), value) as tf.Scalar);

describe.each(["log", "gls", "stch", "famo", "db-mtl"])("a negative loss under %s", (method) => {
  test("ends the run with an error that names the task, the trunk as it was", async () => {
    const base = sharedInput({ epochs: 2 });
    const negative = defineExperiment({
      name: "negative",
      build: () => {
        const { tasks, ...rest } = base.build({ dropout: false, size: 40 });
        const bad = { head: tasks.signs!.head, loss: shifted(-5) };
        return { ...rest, tasks: { ...tasks, signs: bad } };
      },
    });
    const { result, events, last } = await trainCluster(negative, { workers: 2, set: { method } });
    expect(result.status).toBe("failed");
    const failed = events.find(({ type }) => type === "runFailed");
    expect(failed).toMatchObject({ code: "run/negative-loss" });
    expect((failed as { message: string }).message).toContain("signs");
    expect(last!.trunk.weights.every(Number.isFinite)).toBe(true);
  });
});

const methodOfThree = (name: MethodName) => {
  const set = { method: name, ...(name === "fixed" && { "method.weights": "[1,1,1]" }) };
  return methodOf(resolveExperiment(sharedInput(), { set }).settings.method);
};

describe.each(methodNames)("NaN in the gradient of one task under %s", (name) => {
  test("ends the run with an error, the trunk as it was", async () => {
    const base = sharedInput({ epochs: 2 });
    // Finite itself, with an infinite slope at zero.
    const steep = (_: tf.Tensor, outputs: tf.Tensor) =>
      tf.tidy(() => tf.add(tf.mean(tf.sqrt(tf.mul(outputs, 0))), 1) as tf.Scalar);
    const broken = defineExperiment({
      name: "broken",
      build: () => {
        const { tasks, ...rest } = base.build({ dropout: false, size: 40 });
        return { ...rest, tasks: { ...tasks, signs: { head: tasks.signs!.head, loss: steep } } };
      },
    });
    const weights = name === "fixed" && { "method.weights": "[1,1,1]" };
    const set = { method: name, shards: "1", ...weights };
    const before = tf.memory().numTensors;
    const { result, events, last } = await trainCluster(broken, { workers: 1, set });
    expect(tf.memory().numTensors).toBe(before);
    expect(result.status).toBe("failed");
    const failed = events.find(({ type }) => type === "runFailed");
    expect(failed).toMatchObject({ code: "run/not-finite" });
    // A sum of shards says no more than that it is broken.
    const hasRows =
      methodOfThree(name).needs !== "nothing" && methodOfThree(name).needs !== "losses";
    if (hasRows) expect((failed as { message: string }).message).toContain("`signs`");
    expect(last!.trunk.weights.every(Number.isFinite)).toBe(true);
  });
});

test.each([
  ["sg", sg()],
  ["ate-sg", ateSg()],
])("a loss that is not finite leaves no tensor behind: %s", async (_, schedule) => {
  const base = sharedInput({ epochs: 2, schedule });
  const endless = (__: tf.Tensor, outputs: tf.Tensor) =>
    tf.tidy(() => tf.div(tf.mean(outputs), 0) as tf.Scalar);
  const broken = defineExperiment({
    name: "endless",
    build: () => {
      const { tasks, ...rest } = base.build({ dropout: false, size: 40 });
      return { ...rest, tasks: { ...tasks, signs: { head: tasks.signs!.head, loss: endless } } };
    },
  });
  const before = tf.memory().numTensors;
  const { result } = await trainCluster(broken, { workers: 1 });
  expect(result.status).toBe("failed");
  expect(tf.memory().numTensors).toBe(before);
});
