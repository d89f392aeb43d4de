// Routers beside allocation's: their formulas, and their gradients through a network.

import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { trainingFeatures, trunkFeatures } from "../model/forward.ts";
import { distance, numbers } from "../model/test-networks.ts";
import { drawsFor } from "../random/draws.ts";
import { dselectK, smoothStep } from "./dselect-k.ts";
import { noSharing, sharedBottom } from "./fixed.ts";
import { routedHeadGradient } from "./head-gradient.ts";
import type { Router } from "./router.ts";
import { softmaxGate } from "./softmax-gate.ts";
import { absentStretches } from "./stretches.ts";
import { batchOf, draws, features, routedNetwork } from "./test-networks.ts";

const routers: [string, () => Router][] = [
  ["no sharing", noSharing],
  ["a shared bottom", sharedBottom],
  ["DSelect-k", () => dselectK({ k: 2 })],
  ["a gate by example", () => softmaxGate()],
  ["a gate of the task", () => softmaxGate({ perExample: false })],
];

test.each(routers)(
  "%s gives the same features in training and in evaluation",
  async (_, router) => {
    const network = await routedNetwork(router);
    const x = numbers([5, features], 8);
    const difference = tf.tidy(() => {
      const inputs = [{ task: "right", source: "", inputs: x }];
      const training = trainingFeatures(network, inputs, draws)[0]![0]!;
      return distance(training.dataSync(), trunkFeatures(network, x, "right")[0]!.dataSync());
    });
    expect(difference).toBeLessThan(1e-6);
    network.dispose();
  },
);

test.each(routers.slice(2))("%s has gradients as finite differences say", async (_, router) => {
  const network = await routedNetwork(router);
  const batch = batchOf("left");
  const { block } = network.head("left");
  const flat = block.readWeights();
  const { gradients } = routedHeadGradient(network, batch.inputs, batch, draws);
  const lossAt = (index: number, shift: number) => {
    block.writeWeights(flat.map((value, i) => (i === index ? value + shift : value)));
    return tf.tidy(
      () => routedHeadGradient(network, batch.inputs, batch, draws).loss.dataSync()[0]!,
    );
  };
  const found = gradients.flatMap((gradient) => [...gradient.dataSync()]);
  expect(found).toHaveLength(block.layout.length);
  const h = 2e-3;
  for (let i = block.layout.own[0]!.offset; i < found.length; i++) {
    const slope = (batch.weight * (lossAt(i, h) - lossAt(i, -h))) / (2 * h);
    expect(found[i]).toBeCloseTo(slope, 2.5);
  }
  network.dispose();
});

describe("DSelect-k", () => {
  const place = { candidates: 4, inputs: 1 };
  const sampleContext = { temperature: 1, draw: drawsFor({ seed: 0, purpose: "test" }) };

  test("has the smooth step of its formula", () => {
    const at = tf.tidy(() => smoothStep(tf.tensor1d([-2, -1, -0.5, 0, 0.5, 1, 2]), 2).arraySync());
    // -2 t^3 / 8 + 3 t / 4 + 1/2 inside (-1, 1).
    expect(at).toEqual([0, 0, 0.15625, 0.5, 0.84375, 1, 1]);
  });

  test("is one-hot once its bits are decided, each selector by its share", () => {
    const router = dselectK({ k: 2 });
    // Selectors on components 2 (bits 0, 1) and 1, with shares 3/4 and 1/4.
    const values = [Float32Array.of(-1, 1, 1, -1), Float32Array.of(Math.log(3), 0)];
    const { chosen, combine } = router.choose(values, place);
    expect(chosen).toEqual([1, 2]);
    const weights = [0.25, 0.75].map((weight) => expect.closeTo(weight, 6));
    expect(combine).toEqual({ kind: "weighted", weights });
    const sample = router.sample(values, place, sampleContext);
    expect(sample.present).toEqual([false, true, true, false]);
    const found = tf.tidy(() =>
      sample
        .weights([tf.tensor2d(values[0]!, [2, 2]), tf.tensor1d(values[1]!)], tf.zeros([1]))
        .arraySync(),
    );
    expect(found).toEqual([0, weights[0], weights[1], 0]);
  });

  test("presses selectors towards a decision, and away from codes of no component", () => {
    const penaltyAt = (bits: number[], candidates: number) =>
      tf.tidy(
        () =>
          dselectK({ k: 1, entropyWeight: 1 }).penalty!([tf.tensor2d(bits, [1, 2])], {
            candidates,
            inputs: 1,
          })!.dataSync()[0]!,
      );
    expect(penaltyAt([0, 0], 4)).toBeCloseTo(Math.log(4), 4);
    expect(penaltyAt([-1, 1], 4)).toBeCloseTo(0, 4);
    expect(penaltyAt([-1, 1], 3)).toBeCloseTo(1, 4);
    expect(penaltyAt([0.4, 0.4], 3)).toBeGreaterThan(10);
  });

  test("takes a component even where all selectors miss", () => {
    const values = [Float32Array.of(1, 1), Float32Array.of(0)];
    const choice = dselectK({ k: 1 }).choose(values, { candidates: 3, inputs: 1 });
    expect(choice).toEqual({ chosen: [0], combine: { kind: "mean" } });
  });
});

test("without sharing, a task's gradient stays in its own components", async () => {
  const network = await routedNetwork(noSharing);
  const absent = absentStretches(network, ["right"], draws);
  expect(absent.map(({ layer, component }) => [layer, component])).toEqual([
    [0, 0],
    [0, 2],
    [1, 0],
    [1, 2],
  ]);
  expect(network.head("right").block.layout.own).toEqual([]);
  network.dispose();
});
