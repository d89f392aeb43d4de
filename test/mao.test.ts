// MAO through coordinator and workers: its state lives with the shards, and the coordinator only sums.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  arrayDataset,
  createBatchPlan,
  defineExperiment,
  type ExperimentSettings,
  flatOptimizer,
  initialBlockState,
  jointPass,
  type LossFunction,
  learningRateAt,
  mao,
  methodOf,
  sg,
  taskLoss,
  transformState,
  weightedSum,
} from "@trunkline/core";
import { expect, test } from "vitest";
import { prepared, trainCluster } from "./support/cluster.ts";
import { circles, sharedInput } from "./support/experiments.ts";

const adamLike = { learningRate: 0.01 };

/** The first tasks of {@link sharedInput}, with a loss times a factor. */
function withTasks(names: readonly string[], settings: Partial<ExperimentSettings>, factor = 1) {
  const base = sharedInput().build({ dropout: false, size: 70 });
  const scaled: LossFunction = (labels, outputs) =>
    tf.mul(
      taskLoss({ loss: "sigmoidCrossEntropy" } as never)(labels, outputs),
      factor,
    ) as tf.Scalar;
  const tasks = names.map((name, k) => {
    const loss = k === 0 ? scaled : ("sigmoidCrossEntropy" as const);
    return [name, { ...base.tasks[name]!, loss, metrics: [], weight: 1 }] as const;
  });
  const data = { train: circles(70, 1, names), validation: circles(20, 2, names) };
  return defineExperiment({
    name: "mao",
    build: () => ({ ...base, data, tasks: Object.fromEntries(tasks), epochs: 4, ...settings }),
  });
}

async function trunkOf(
  names: readonly string[],
  settings: Partial<ExperimentSettings>,
  factor = 1,
) {
  const { result, last } = await trainCluster(withTasks(names, settings, factor), { workers: 2 });
  expect(result.status).toBe("finished");
  return last!.trunk.weights;
}

test("with one task it is Adam, to the bit", async () => {
  const heads = adam(adamLike);
  const plain = await trunkOf(["disc"], { optimizer: { trunk: adam(adamLike), heads }, shards: 1 });
  const own = await trunkOf(["disc"], {
    method: mao(adamLike),
    optimizer: { trunk: adam(adamLike), heads },
    shards: 1,
  });
  expect(own).toEqual(plain);
});

const method = mao({ ...adamLike, epsilon: 0 });
const both = ["disc", "diamond"];
// Heads stand still, so that a scaled loss moves nothing but the trunk.
const still = { method, optimizer: { trunk: adam(adamLike), heads: adam({ learningRate: 0 }) } };

test("with epsilon 0 the course does not feel a loss's scale: to the bit for 1024", async () => {
  expect(await trunkOf(both, still, 1024)).toEqual(await trunkOf(both, still));
});

test("with epsilon 0 the course does not feel a loss's scale: within 1e-5 for 1000", async () => {
  const [scaled, plain] = [await trunkOf(both, still, 1000), await trunkOf(both, still)];
  const largest = Math.max(...plain.map(Math.abs));
  const difference = Math.max(...plain.map((value, i) => Math.abs(scaled[i]! - value)));
  expect(difference).toBeLessThan(1e-5 * largest);
});

test("plain Adam does feel it", async () => {
  const summed = { optimizer: still.optimizer };
  expect(await trunkOf(both, summed, 1024)).not.toEqual(await trunkOf(both, summed));
});

const curvature = 1e4;

/**
 * Losses (x - 1)^2 and 1e4 (x + 1)^2 of one number x, the trunk's only parameter. MAO comes to rest where both
 * steps are equally long in opposite directions; plain summing goes to the large one's minimum.
 */
function quadratics(settings: Partial<ExperimentSettings>) {
  const size = 4;
  const ones = new Float32Array(size).fill(1);
  const train = arrayDataset({
    inputs: ones,
    inputShape: [1],
    labels: { small: ones, large: ones.map(() => -1) },
  });
  const head = ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({ layers: [tf.layers.activation({ inputShape, activation: "linear" })] });
  const trunk = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [1], units: 1, useBias: false, kernelInitializer: "zeros" }),
      ],
    });
  return defineExperiment({
    name: "quadratics",
    build: () => ({
      data: { train, validation: train },
      trunk,
      tasks: {
        small: { head, loss: "meanSquaredError" },
        large: {
          head,
          loss: "meanSquaredError",
          weight: settings.method === undefined ? curvature : 1,
        },
      },
      schedule: sg(),
      batchSize: size,
      epochs: 300,
      evaluateEvery: 300,
      ...settings,
    }),
  });
}

test("on the two quadratics it finds the balanced point that plain summing misses", async () => {
  const run = async (settings: Partial<ExperimentSettings>) =>
    (await trainCluster(quadratics(settings), { workers: 2 })).last!.trunk.weights[0]!;
  const summed = await run({
    optimizer: { trunk: adam({ learningRate: 0.02 }), heads: adam({ learningRate: 0.02 }) },
  });
  expect(summed).toBeCloseTo(-1, 2);
  expect(Math.abs(await run({ method: mao({ learningRate: 0.02 }) }))).toBeLessThan(0.1);
});

test("steps made by the workers are those that a coordinator would make of the rows", async () => {
  const spec = mao({ ...adamLike, reduction: "sum" });
  const made = await trunkOf(both, { ...still, method: spec, schedule: sg(), epochs: 3 });
  expect(made).toEqual(await movedAtOnce());

  /** One process, one loop: the rows of all tasks, their transforms, their sum. */
  async function movedAtOnce(): Promise<Float32Array> {
    const experiment = withTasks(both, { ...still, method: spec, schedule: sg(), epochs: 3 });
    const { ready } = await prepared(experiment);
    const { network, stepsPerEpoch, trunkOptimizer } = ready;
    const step = methodOf(spec);
    if (step.form !== "steps") throw new TypeError("mao makes steps");
    const block = initialBlockState(network.trunk.block, trunkOptimizer);
    const states = both.map(() => transformState(step.transform, block.weights.length));
    const source = ready.sources[0]!;
    const plan = createBatchPlan({
      size: 70,
      batchSize: 16,
      seed: 3,
      task: source.name,
      stream: "",
    });
    const optimizer = flatOptimizer(trunkOptimizer);
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let at = 0; at < stepsPerEpoch; at++) {
        const indices = plan.indices(epoch, at);
        const batch = await source.splits.train.batch(indices, { epoch, training: true } as never);
        const inputs = tf.tensor(batch.inputs, [indices.length, 2]);
        const clock = { step: epoch * stepsPerEpoch + at, epoch };
        const steps = both.map((task, k) => {
          const labels = tf.tensor(batch.labels[task]!, [indices.length]);
          const terms = { task, labels, inputs, source: source.name, weight: 1 };
          const loss = taskLoss(ready.settings.tasks[task]!);
          const pass = jointPass(network, [{ ...terms, loss }], { seed: 3, epoch, step: at });
          const row = pass.trunk([1]);
          pass.dispose();
          labels.dispose();
          step.transform.apply(states[k]!, row, { clock, loss: 0 });
          return row;
        });
        inputs.dispose();
        const sum = weightedSum(steps, [1, 1], new Float32Array(block.weights.length));
        const rate = learningRateAt(trunkOptimizer.learningRate, epoch, 3);
        optimizer.update(block.optimizer, block.weights, sum, rate);
        network.trunk.block.writeWeights(block.weights);
      }
    }
    network.dispose();
    return block.weights;
  }
});
