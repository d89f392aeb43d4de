// What allocation learns, in the smallest case: four tasks of two kinds, a frozen component for each kind.

import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import type { TaskBatch } from "../model/gradients.ts";
import { buildNetwork, type Network } from "../model/network.ts";
import { numbers, squared } from "../model/test-networks.ts";
import { adam } from "../optimizer/adam.ts";
import { tensorOptimizer } from "../optimizer/tensor-optimizer.ts";
import { allocationCosines, allocationOf } from "./allocation.ts";
import { routedHeadGradient } from "./head-gradient.ts";
import { routed } from "./routed-layer.ts";
import { features } from "./test-networks.ts";

const names = ["first", "twin", "other", "otherTwin"];

function twoComponents(): Promise<Network> {
  const component = () => tf.layers.dense({ units: 2, useBias: false });
  const head = ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          units: 2,
          inputShape,
          useBias: false,
          kernelInitializer: tf.initializers.identity({}),
        }),
      ],
    });
  const trunk = () =>
    tf.sequential({ layers: [routed([component(), component()], { inputShape: [features] })] });
  return buildNetwork({ seed: 2, trunk, heads: Object.fromEntries(names.map((n) => [n, head])) });
}

/** A batch whose labels are what the component of the task's kind gives. */
function batchOf(network: Network, k: number, step: number): TaskBatch {
  const inputs = numbers([16, features], step);
  const kernel = network.trunk.block.variables[k < 2 ? 0 : 1] as tf.Tensor as tf.Tensor2D;
  const labels = tf.matMul(inputs as tf.Tensor2D, kernel);
  return { task: names[k]!, source: "", inputs, labels, weight: 1, loss: squared };
}

test("each task finds the component that it needs, and tasks of a kind the same", async () => {
  const network = await twoComponents();
  for (const k of names.keys()) {
    const { variables } = network.head(names[k]!).routers[0]!;
    const optimizer = tensorOptimizer(adam()).init(variables);
    for (let step = 0; step < 80; step++) {
      const batch = batchOf(network, k, step);
      const draws = { seed: 1, epoch: 0, step, globalStep: 100 + 20 * step };
      const { loss, gradients } = routedHeadGradient(network, batch.inputs, batch, draws);
      optimizer.update(gradients.slice(1), 0.1);
      tf.dispose([loss, ...gradients, batch.inputs, batch.labels]);
    }
    optimizer.dispose();
  }
  const allocations = names.map((name) => allocationOf(network, name));
  const cosines = allocationCosines(allocations);
  for (const [i, row] of cosines.entries()) {
    for (const [j, cosine] of row.entries()) {
      if (i < 2 === j < 2) expect(cosine).toBeGreaterThan(0.95);
      else expect(cosine).toBeLessThan(0.6);
    }
  }
  expect(allocations.map(([layer]) => layer!.active)).toEqual([
    [true, false],
    [true, false],
    [false, true],
    [false, true],
  ]);
  network.dispose();
});
