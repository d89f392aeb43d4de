import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, test } from "vitest";
import type { Block } from "./block.ts";
import { predict, type StepDraws, trunkFeatures } from "./forward.ts";
import { headGradient, type TaskBatch } from "./gradients.ts";
import type { Network } from "./network.ts";
import {
  bothBatches,
  denseNetwork,
  disposeBatches,
  distance,
  features,
  jointGradient,
  tensorsLeftBy,
  trunkGradient,
} from "./test-networks.ts";

const draws: StepDraws = { seed: 7, epoch: 0, step: 0 };
const tolerance = 1e-5;

let network: Network;
let batches: TaskBatch[] = [];

afterEach(() => {
  network.dispose();
  disposeBatches(batches);
});

/** Reads gradient tensors as one flat array and disposes them. */
function flat(tensors: readonly tf.Tensor[]): number[] {
  const values = tensors.flatMap((tensor) => [...tensor.dataSync()]);
  tf.dispose([...tensors]);
  return values;
}

/** sum_k a_k l_k in inference mode. */
function weightedLoss(): tf.Scalar {
  return tf.tidy(() =>
    tf.addN(
      batches.map(({ task, inputs, labels, loss, weight }) =>
        tf.mul(loss(labels, predict(network, task, inputs)), weight),
      ),
    ),
  ) as tf.Scalar;
}

/** Central differences of the weighted loss over every parameter of a block. */
function differences(block: Block): number[] {
  const weights = block.readWeights();
  const step = 1e-2;
  const lossAt = (i: number, shift: number) => {
    const moved = weights.slice();
    moved[i] = moved[i]! + shift;
    block.writeWeights(moved);
    const loss = weightedLoss();
    const value = loss.dataSync()[0]!;
    loss.dispose();
    return value;
  };
  const slopes = Array.from(weights, (_, i) => (lossAt(i, step) - lossAt(i, -step)) / (2 * step));
  block.writeWeights(weights);
  return slopes;
}

/** Gradients of the plain joint loss for everything at once, by tfjs alone. */
function plainGradients(blocks: readonly Block[]): number[][] {
  const { value, grads } = tf.variableGrads(weightedLoss);
  const byBlock = blocks.map((block) =>
    block.variables.flatMap((variable) => [...grads[variable.name]!.dataSync()]),
  );
  tf.dispose([value, grads]);
  return byBlock;
}

function headGradientOf(batch: TaskBatch): number[] {
  const cached = trunkFeatures(network, batch.inputs);
  const { loss, gradients } = headGradient(network.head(batch.task), cached, batch, draws);
  tf.dispose([loss, ...cached]);
  return flat(gradients);
}

describe.each([
  ["a shared input", false],
  ["inputs of their own", true],
])("block gradients with %s", (_, own) => {
  test("of the trunk agree with finite differences", async () => {
    network = await denseNetwork();
    batches = bothBatches({ own });
    const { gradient } = trunkGradient(network, batches, draws);
    expect(distance(gradient, differences(network.trunk.block))).toBeLessThan(1e-3);
  });

  test("of the heads agree with finite differences", async () => {
    network = await denseNetwork();
    batches = bothBatches({ own });
    for (const batch of batches) {
      const slopes = differences(network.head(batch.task).block);
      expect(distance(headGradientOf(batch), slopes)).toBeLessThan(1e-3);
    }
  });

  test("are the matching parts of the joint gradient, ours and tfjs's own", async () => {
    network = await denseNetwork();
    batches = bothBatches({ own });
    const heads = batches.map(({ task }) => network.head(task).block);
    const [plainTrunk, ...plainHeads] = plainGradients([network.trunk.block, ...heads]);
    const { gradient } = trunkGradient(network, batches, draws);
    const joint = jointGradient(network, batches, draws);
    expect(distance(gradient, plainTrunk!)).toBeLessThan(tolerance);
    expect(distance(joint.gradient, plainTrunk!)).toBeLessThan(tolerance);
    batches.forEach((batch, i) => {
      const jointHead = flat(joint.heads[batch.task]!.gradients);
      expect(distance(jointHead, plainHeads[i]!)).toBeLessThan(tolerance);
      expect(distance(headGradientOf(batch), plainHeads[i]!)).toBeLessThan(tolerance);
    });
  });

  test("of shards add up to that of all tasks", async () => {
    network = await denseNetwork();
    batches = bothBatches({ own });
    const whole = trunkGradient(network, batches, draws);
    const shards = batches.map((batch) => trunkGradient(network, [batch], draws));
    const sum = shards[0]!.gradient.map((value, i) => value + shards[1]!.gradient[i]!);
    expect(distance(whole.gradient, sum)).toBeLessThan(tolerance);
    for (const [i, { task }] of batches.entries()) {
      expect(shards[i]!.losses[task]).toBeCloseTo(whole.losses[task]!, 5);
    }
  });
});

test("losses are reported without the tasks' weights", async () => {
  network = await denseNetwork();
  batches = bothBatches();
  const { losses } = trunkGradient(network, batches, draws);
  for (const { task, inputs, labels, loss } of batches) {
    const expected = tf.tidy(() => loss(labels, predict(network, task, inputs)).dataSync()[0]!);
    expect(losses[task]).toBeCloseTo(expected, 5);
  }
});

test("sample weights and divisor reach the loss, and only where they are given", async () => {
  network = await denseNetwork();
  batches = bothBatches();
  const seen: unknown[] = [];
  const sampleWeights = tf.ones([6]) as tf.Tensor1D;
  const [left, right] = batches.map(
    (batch): TaskBatch => ({
      ...batch,
      loss: (labels, outputs, extra) => {
        seen.push(extra);
        return batch.loss(labels, outputs);
      },
    }),
  );
  trunkGradient(network, [{ ...left!, sampleWeights, divisor: 12 }, right!], draws);
  expect(seen).toEqual([{ sampleWeights, divisor: 12 }, {}]);
  sampleWeights.dispose();
});

test("the gradient of one head does not depend on the other task's labels or weight", async () => {
  network = await denseNetwork();
  batches = bothBatches();
  const [left, right] = batches as [TaskBatch, TaskBatch];
  const leftOf = (other: TaskBatch) => {
    const { heads } = jointGradient(network, [left, other], draws);
    tf.dispose(heads.right!.gradients);
    return flat(heads.left!.gradients);
  };
  const labels = tf.onesLike(right.labels);
  expect(leftOf({ ...right, labels, weight: 9 })).toEqual(leftOf(right));
  labels.dispose();
});

test("a small step against each block gradient lowers the loss", async () => {
  network = await denseNetwork();
  batches = bothBatches();
  const value = () => tf.tidy(() => weightedLoss().dataSync()[0]!);
  const before = value();
  const { block } = network.trunk;
  const { gradient } = trunkGradient(network, batches, draws);
  block.writeWeights(block.readWeights().map((weight, i) => weight - 0.01 * gradient[i]!));
  const between = value();
  expect(between).toBeLessThan(before);
  for (const batch of batches) {
    const head = network.head(batch.task).block;
    const step = headGradientOf(batch);
    head.writeWeights(head.readWeights().map((weight, i) => weight - 0.01 * step[i]!));
  }
  expect(value()).toBeLessThan(between);
});

test("no pass leaves a tensor behind, not even one whose loss throws", async () => {
  network = await denseNetwork();
  batches = bothBatches({ own: true });
  const failing = batches.map((batch) => ({
    ...batch,
    loss: () => {
      throw new Error("no loss");
    },
  }));
  const left = await tensorsLeftBy(() => {
    trunkGradient(network, batches, draws);
    const { heads } = jointGradient(network, batches, draws);
    for (const { gradients } of Object.values(heads)) tf.dispose(gradients);
    headGradientOf(batches[0]!);
    expect(() => trunkGradient(network, failing, draws)).toThrow("no loss");
    expect(() => jointGradient(network, failing, draws)).toThrow("no loss");
    const cached = trunkFeatures(network, batches[0]!.inputs);
    expect(() => headGradient(network.head("left"), cached, failing[0]!, draws)).toThrow("no loss");
    tf.dispose(cached);
    predict(network, "right", batches[0]!.inputs).dispose();
  });
  expect(left).toBe(0);
});

test("trunk parameters that reach no loss have a zero gradient", async () => {
  network = await denseNetwork({
    trunk: () => {
      const x = tf.input({ shape: [features] });
      const dense = (units: number) => tf.layers.dense({ units }).apply(x) as tf.SymbolicTensor;
      return tf.model({ inputs: x, outputs: [dense(3), dense(2)] });
    },
  });
  batches = bothBatches();
  const { gradient } = trunkGradient(network, batches, draws);
  expect(gradient.slice(0, 15).every((value) => value !== 0)).toBe(true);
  expect(gradient.slice(15)).toEqual(new Float32Array(10));
});

test("a head with several inputs takes several outputs of the trunk", async () => {
  network = await denseNetwork({
    trunk: () => {
      const x = tf.input({ shape: [features] });
      const outputs = [3, 2].map(
        (units) => tf.layers.dense({ units, activation: "tanh" }).apply(x) as tf.SymbolicTensor,
      );
      return tf.model({ inputs: x, outputs });
    },
    heads: {
      left: ({ inputShapes }) => {
        const inputs = inputShapes.map((shape) => tf.input({ shape }));
        const joined = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
        const outputs = tf.layers.dense({ units: 2 }).apply(joined) as tf.SymbolicTensor;
        return tf.model({ inputs, outputs });
      },
      right: ({ inputShape }) =>
        tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape })] }),
    },
  });
  batches = bothBatches({ own: true });
  const { gradient } = trunkGradient(network, batches, draws);
  expect(distance(gradient, differences(network.trunk.block))).toBeLessThan(1e-3);
  const slopes = differences(network.head("left").block);
  expect(distance(headGradientOf(batches[0]!), slopes)).toBeLessThan(1e-3);
});
