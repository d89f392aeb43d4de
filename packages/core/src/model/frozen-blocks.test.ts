// What the two phases promise about the block that stands still: nothing of it moves, and nothing is
// computed for it.

import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, test } from "vitest";
import { dropout } from "./dropout.ts";
import { type StepDraws, trunkFeatures } from "./forward.ts";
import { headGradient, type TaskBatch, type TaskLossFunction } from "./gradients.ts";
import { buildNetwork, type Network, type NetworkOptions } from "./network.ts";
import {
  bothBatches,
  denseNetwork,
  disposeBatches,
  distance,
  features,
  jointGradient,
  squared,
  trunkGradient,
} from "./test-networks.ts";

const draws: StepDraws = { seed: 7, epoch: 0, step: 0 };

let network: Network;
let batches: TaskBatch[] = [];

afterEach(() => {
  network.dispose();
  disposeBatches(batches);
});

/** Trunk and heads with batch norm and dropout: everything that behaves differently in training. */
function statefulNetwork(): Promise<Network> {
  const stateful = (units: number, inputShape: number[], outputs: number) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units, inputShape, activation: "tanh" }),
        tf.layers.batchNormalization({ momentum: 0.5 }),
        dropout({ rate: 0.3 }),
        tf.layers.dense({ units: outputs }),
        dropout({ rate: 0.3 }),
      ],
    });
  return buildNetwork({
    seed: 3,
    trunk: () => stateful(6, [features], 4),
    heads: {
      left: ({ inputShape }) => stateful(5, inputShape, 2),
      right: ({ inputShape }) => stateful(4, inputShape, 3),
    },
  });
}

/** All weights and statistics. */
function stateOf({ trunk, heads }: Network): Float32Array[] {
  return [trunk, ...heads.values()].flatMap(({ block }) => [
    block.readWeights(),
    block.readStatistics(),
  ]);
}

function headStep(batch: TaskBatch, cached: readonly tf.Tensor[], at = draws): number[] {
  const result = headGradient(network.head(batch.task), cached, batch, at);
  const values = result.gradients.flatMap((gradient) => [...gradient.dataSync()]);
  tf.dispose([result.loss, ...result.gradients, ...(result.statistics ?? [])]);
  return values;
}

function matrixProducts(kernels: readonly { name: string }[]): number {
  return kernels.filter(({ name }) => name === "BatchMatMul" || name === "_FusedMatMul").length;
}

async function productsOf(pass: () => void): Promise<number> {
  const profile = await tf.profile(() => {
    pass();
    return tf.scalar(0);
  });
  tf.dispose(profile.result as tf.Scalar);
  return matrixProducts(profile.kernels);
}

describe("a frozen block", () => {
  test("keeps weights and statistics bit for bit, and so does the one that trains", async () => {
    network = await statefulNetwork();
    batches = bothBatches();
    const before = stateOf(network);
    trunkGradient(network, batches, draws);
    const joint = jointGradient(network, batches, draws);
    tf.dispose(Object.values(joint.heads) as unknown as tf.TensorContainer);
    const cached = trunkFeatures(network, batches[0]!.inputs);
    headStep(batches[0]!, cached);
    tf.dispose(cached);
    expect(stateOf(network)).toEqual(before);
  });

  test("is in inference mode: heads draw no masks in the shared phase", async () => {
    network = await denseNetwork({
      heads: {
        left: ({ inputShape }) =>
          tf.sequential({
            layers: [dropout({ rate: 0.9, inputShape }), tf.layers.dense({ units: 2 })],
          }),
      },
    });
    batches = bothBatches().slice(0, 1);
    const at = (step: number) => trunkGradient(network, batches, { ...draws, step }).gradient;
    expect(at(1)).toEqual(at(0));
  });

  test("proposes statistics only for blocks that train", async () => {
    network = await statefulNetwork();
    batches = bothBatches();
    const shared = trunkGradient(network, batches, draws);
    expect(shared.statistics).toHaveLength(12);
    expect(shared.statistics).not.toEqual(network.trunk.block.readStatistics());
    const joint = jointGradient(network, batches, draws);
    expect(joint.statistics).toEqual(shared.statistics);
    const { block } = network.head("left");
    block.assignStatistics(joint.heads.left!.statistics!);
    expect(block.readStatistics()).not.toEqual(network.head("right").block.readStatistics());
    for (const { task } of batches) {
      tf.dispose([...joint.heads[task]!.gradients, ...joint.heads[task]!.statistics!]);
    }
  });

  test("costs no product for its weights: heads in the shared phase", async () => {
    network = await denseNetwork();
    batches = bothBatches();
    const products = await productsOf(() => trunkGradient(network, batches, draws));
    // Forward: 2 in the trunk, 1 + 2 in the heads. Backward: 1 + 2 for the heads' inputs; in the trunk 2
    // for kernels and 1 for the hidden layer.
    expect(products).toBe(5 + 3 + 3);
  });

  test("costs no product for its weights: the trunk in the head phase", async () => {
    network = await denseNetwork();
    batches = bothBatches();
    const cached = trunkFeatures(network, batches[1]!.inputs);
    const products = await productsOf(() => headStep(batches[1]!, cached));
    // Forward 2; backward 2 for kernels and 1 for the hidden layer, none for the features.
    expect(products).toBe(2 + 3);
    tf.dispose(cached);
  });
});

describe("dropout in the passes", () => {
  test("repeats for equal draws and changes with the step", async () => {
    network = await statefulNetwork();
    batches = bothBatches();
    const at = (step: number) => trunkGradient(network, batches, { ...draws, step }).gradient;
    expect(at(1)).toEqual(at(1));
    expect(at(1)).not.toEqual(at(2));
    const cached = trunkFeatures(network, batches[0]!.inputs);
    const head = (step: number) => headStep(batches[0]!, cached, { ...draws, step });
    expect(head(1)).toEqual(head(1));
    expect(head(1)).not.toEqual(head(2));
    tf.dispose(cached);
  });

  const withDropout = (change: Partial<NetworkOptions> = {}) =>
    denseNetwork({
      trunk: () =>
        tf.sequential({
          layers: [
            tf.layers.dense({ units: 8, inputShape: [features], activation: "tanh" }),
            dropout({ rate: 0.5 }),
            tf.layers.dense({ units: 3 }),
          ],
        }),
      ...change,
    });

  test.each([false, true])("does not depend on the shards (own inputs: %s)", async (own) => {
    network = await withDropout();
    batches = bothBatches({ own });
    const whole = trunkGradient(network, batches, draws);
    const shards = batches.map((batch) => trunkGradient(network, [batch], draws));
    const sum = shards[0]!.gradient.map((value, i) => value + shards[1]!.gradient[i]!);
    expect(distance(whole.gradient, sum)).toBeLessThan(1e-5);
    batches.forEach(({ task }, i) => {
      expect(shards[i]!.losses[task]).toBeCloseTo(whole.losses[task]!, 5);
    });
  });

  test("does not depend on the shards where some tasks share their inputs and one has its own", async () => {
    const head = ({ inputShape }: { inputShape: number[] }) =>
      tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape })] });
    network = await withDropout({ heads: { left: head, middle: head, right: head } });
    batches = bothBatches({ own: true }).map((batch) => ({ ...batch, source: "" }));
    const [left, second] = batches as [TaskBatch, TaskBatch];
    const labels = tf.slice(left.labels, 0, [second.labels.shape[0]!, 2]);
    second.labels.dispose();
    batches = [
      left,
      { ...left, task: "middle" },
      { ...second, labels, loss: squared, source: "right" },
    ];
    const whole = trunkGradient(network, batches, draws);
    for (const batch of batches) {
      const shard = trunkGradient(network, [batch], draws);
      expect(shard.losses[batch.task]).toBeCloseTo(whole.losses[batch.task]!, 5);
    }
  });

  test("differs between sources, and not between tasks of one source", async () => {
    network = await withDropout();
    batches = bothBatches({ own: true });
    const lossFrom = (source: string) =>
      trunkGradient(network, [{ ...batches[0]!, source }], draws).losses.left;
    expect(lossFrom("left")).not.toBe(lossFrom(""));
    expect(lossFrom("left")).not.toBe(lossFrom("right"));
  });

  test("does not depend on how a batch is sliced", async () => {
    network = await withDropout();
    batches = bothBatches().slice(0, 1);
    const [whole] = batches as [TaskBatch];
    const divisor = whole.labels.size;
    const loss: TaskLossFunction = (labels, outputs, extra) =>
      tf.tidy(() => tf.div(tf.sum(tf.square(tf.sub(outputs, labels))), extra!.divisor!));
    const gradientOf = (firstRow: number, rows: number) => {
      const [inputs, labels] = [whole.inputs, whole.labels].map((tensor) =>
        tf.slice(tensor, [firstRow, 0], [rows, -1]),
      ) as [tf.Tensor, tf.Tensor];
      const slice = { ...whole, inputs, labels, loss, divisor };
      const { gradient } = trunkGradient(network, [slice], { ...draws, firstRow });
      tf.dispose([inputs, labels]);
      return gradient;
    };
    const second = gradientOf(4, 2);
    const sum = gradientOf(0, 4).map((value, i) => value + second[i]!);
    expect(distance(gradientOf(0, 6), sum)).toBeLessThan(1e-5);
  });
});
