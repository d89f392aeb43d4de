// Gradients through routed layers, by the network's own passes.

import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { dropout } from "../model/dropout.ts";
import { predict, trainingFeatures, trunkFeatures } from "../model/forward.ts";
import { sharedPass } from "../model/gradients.ts";
import type { Network } from "../model/network.ts";
import { numbers, tensorsLeftBy } from "../model/test-networks.ts";
import { gumbel } from "./gumbel.ts";
import { routedHeadGradient } from "./head-gradient.ts";
import { routed } from "./routed-layer.ts";
import { absentStretches, componentStretches } from "./stretches.ts";
import { batchOf, draws, features, routedNetwork, setRouter, tasks } from "./test-networks.ts";

function trunkGradientOf(network: Network, names: readonly string[], at = draws): Float32Array {
  const inputs = numbers([6, features], 3);
  const batches = names.map((task) => batchOf(task, inputs));
  const pass = sharedPass(network, batches, at);
  const gradient = pass.trunk(names.map(() => 1));
  pass.dispose();
  tf.dispose([inputs, ...batches.map(({ labels }) => labels)]);
  return gradient;
}

describe("parameters", () => {
  test("of components are the trunk's, each component's in one piece", async () => {
    const network = await routedNetwork();
    const stretches = componentStretches(network);
    const where = stretches.map(({ layer, component }) => [layer, component]);
    expect(where).toEqual([0, 1].flatMap((layer) => [0, 1, 2].map((c) => [layer, c])));
    // The stem has 4 x 4 + 4 parameters, a component 4 x 5 + 5 or (5 x 4 + 4) + (4 x 3 + 3).
    const sizes = [25, 25, 25, 39, 39, 39];
    let from = 20;
    for (const [i, stretch] of stretches.entries()) {
      expect(stretch).toMatchObject({ from, to: from + sizes[i]! });
      from = stretch.to;
    }
    expect(network.trunk.block.layout.length).toBe(from);
    network.dispose();
  });

  test("of routers are the last ones of each task's head", async () => {
    const network = await routedNetwork();
    for (const task of tasks) {
      const { layout } = network.head(task).block;
      expect(layout.own.map(({ name }) => name)).toEqual(["routing.0.logits", "routing.1.logits"]);
      expect(layout.parameters.slice(-2)).toEqual(layout.own);
      expect(layout.length).toBe(3 * 2 + 2 + 3 + 3);
    }
    network.dispose();
  });

  test("go with the network", async () => {
    const left = await tensorsLeftBy(async () => (await routedNetwork()).dispose());
    expect(left).toBe(0);
  });
});

describe("a training pass", () => {
  test("gives components that are off a gradient of exactly zero, and no others", async () => {
    const network = await routedNetwork();
    let absentOnes = 0;
    for (let step = 0; step < 12; step++) {
      const at = { ...draws, step };
      const names = tasks.slice(0, 1 + (step % 2));
      const gradient = trunkGradientOf(network, names, at);
      const absent = absentStretches(network, names, at);
      absentOnes += absent.length;
      for (const { layer, component, from, to } of componentStretches(network)) {
        const isAbsent = absent.some((one) => one.layer === layer && one.component === component);
        const part = gradient.subarray(from, to);
        // A layer that is all off lets no gradient through to the one before it.
        const blocked = layer === 0 && part.every((value) => value === 0);
        if (isAbsent) expect(part.every((value) => Object.is(value, 0))).toBe(true);
        else if (!blocked) expect(part.some((value) => value !== 0)).toBe(true);
      }
    }
    expect(absentOnes).toBeGreaterThan(12);
    network.dispose();
  });

  test("draws the same routes again for the same step, and others for others", async () => {
    const network = await routedNetwork();
    const at = (step: number) => trunkGradientOf(network, ["left"], { ...draws, step });
    expect(at(4)).toEqual(at(4));
    const distinct = new Set([0, 1, 2, 3, 4, 5].map((step) => at(step).join()));
    expect(distinct.size).toBeGreaterThan(3);
    network.dispose();
  });

  test("adds up over the tasks, whichever are computed together", async () => {
    const network = await routedNetwork();
    const together = trunkGradientOf(network, tasks);
    const alone = tasks.map((task) => trunkGradientOf(network, [task]));
    const sum = together.map((_, i) => alone.reduce((total, one) => total + one[i]!, 0));
    expect(Math.max(...together.map((value, i) => Math.abs(value - sum[i]!)))).toBeLessThan(1e-6);
    network.dispose();
  });

  test("leaves no tensors behind", async () => {
    const network = await routedNetwork();
    const left = await tensorsLeftBy(() => {
      trunkGradientOf(network, tasks);
      const batch = batchOf("left");
      const step = routedHeadGradient(network, batch.inputs, batch, draws);
      tf.dispose([step.loss, ...step.gradients, batch.inputs, batch.labels]);
    });
    expect(left).toBe(0);
    network.dispose();
  });
});

describe("a step of the head phase", () => {
  test("has the slope of the loss for the head and of its logits through the soft sample", async () => {
    const network = await routedNetwork(gumbel, { routing: { connectionWeight: 0.3 } });
    const batch = batchOf("left");
    const { block, routers } = network.head("left");
    const { gradients, loss } = routedHeadGradient(network, batch.inputs, batch, draws);
    expect(gradients.map(({ shape }) => shape)).toEqual([[3, 2], [2], [3], [3]]);
    const lossNow = () =>
      tf.tidy(() => {
        const step = routedHeadGradient(network, batch.inputs, batch, draws);
        return step.loss.dataSync()[0]!;
      });
    expect(loss.dataSync()[0]).toBe(lossNow());
    // The head's bias, by finite differences.
    const flat = block.readWeights();
    const h = 1e-2;
    const bias = gradients[1]!.dataSync();
    for (const i of [0, 1]) {
      const at = (shift: number) => {
        block.writeWeights(flat.map((value, j) => (j === 6 + i ? value + shift : value)));
        return lossNow();
      };
      const slope = (batch.weight * (at(h) - at(-h))) / (2 * h);
      expect(bias[i]).toBeCloseTo(slope, 3);
    }
    expect(routers.flatMap(({ variables }) => variables)).toHaveLength(2);
    tf.dispose([loss, ...gradients, batch.inputs, batch.labels]);
    network.dispose();
  });

  test("gives logits of components that are off a gradient too", async () => {
    const network = await routedNetwork();
    const batch = batchOf("left");
    setRouter(network, "left", [
      [40, 40, 40],
      [0, 0, 0],
    ]);
    let found = 0;
    for (let step = 0; step < 6; step++) {
      const at = { ...draws, step };
      const { gradients, loss } = routedHeadGradient(network, batch.inputs, batch, at);
      const logits = gradients[3]!.dataSync();
      const absent = absentStretches(network, ["left"], at).filter(({ layer }) => layer === 1);
      for (const { component } of absent) {
        expect(logits[component]).not.toBe(0);
        found += 1;
      }
      tf.dispose([loss, ...gradients]);
    }
    expect(found).toBeGreaterThan(2);
    tf.dispose([batch.inputs, batch.labels]);
    network.dispose();
  });

  test("adds the penalty's gradient, not the penalty to the loss", async () => {
    const network = await routedNetwork();
    const batch = batchOf("left");
    const [logits] = network.head("left").routers[0]!.variables;
    const plain = routedHeadGradient(network, batch.inputs, batch, draws);
    const penalty = () => tf.sum(logits!) as tf.Scalar;
    const pressed = routedHeadGradient(network, batch.inputs, { ...batch, penalty }, draws);
    expect(pressed.loss.dataSync()).toEqual(plain.loss.dataSync());
    const [before, after] = [plain, pressed].map(({ gradients }) => gradients[2]!.dataSync());
    for (let i = 0; i < 3; i++) expect(after![i]! - before![i]!).toBeCloseTo(1, 5);
    network.dispose();
  });
});

describe("evaluation", () => {
  test("uses the mean of the task's components, and each task its own", async () => {
    const network = await routedNetwork();
    setRouter(network, "left", [
      [3, -1, 2],
      [-1, -2, -3],
    ]);
    setRouter(network, "right", [
      [-1, 1, -1],
      [1, 1, 1],
    ]);
    const x = numbers([5, features], 8);
    const values = tf.tidy(() => {
      const [stem, first, second] = network.trunk.model.layers as tf.layers.Layer[];
      const run = (layer: unknown, input: tf.Tensor) =>
        (layer as tf.layers.Layer).apply(input) as tf.Tensor;
      const parts = (layer: unknown) => (layer as { layers: tf.layers.Layer[] }).layers;
      const z = run(stem, x);
      const [a, , c] = parts(first).map((part) => run(part, z));
      return run(parts(second)[0], tf.div(tf.add(a!, c!), 2)).arraySync();
    });
    const [found] = trunkFeatures(network, x, "left");
    const other = predict(network, "right", x);
    expect(found!.arraySync()).toEqual(
      (values as number[][]).map((row) => row.map((value) => expect.closeTo(value, 6))),
    );
    expect(other.shape).toEqual([5, 2]);
    network.dispose();
  });

  test("follows router parameters as they move", async () => {
    const network = await routedNetwork();
    const x = numbers([5, features], 8);
    const outputs = [1, -1, 1].map((sign) => {
      setRouter(network, "left", [
        [sign, -sign, sign],
        [1, 1, 1],
      ]);
      return predict(network, "left", x).arraySync();
    });
    expect(outputs[2]).toEqual(outputs[0]);
    expect(outputs[1]).not.toEqual(outputs[0]);
    network.dispose();
  });

  test("and training agree where every component is surely on", async () => {
    const network = await routedNetwork();
    setRouter(network, "left", [
      [40, 40, 40],
      [40, 40, 40],
    ]);
    const x = numbers([5, features], 8);
    const difference = tf.tidy(() => {
      const [[training]] = trainingFeatures(
        network,
        [{ task: "left", source: "", inputs: x }],
        draws,
      ) as [[tf.Tensor]];
      const [greedy] = trunkFeatures(network, x, "left");
      return tf.max(tf.abs(tf.sub(training, greedy!))).dataSync()[0]!;
    });
    expect(difference).toBeLessThan(1e-6);
    network.dispose();
  });

  test("needs a task", () => {
    const layer = routed([tf.layers.dense({ units: 2 }), tf.layers.dense({ units: 2 })]);
    expect(() => layer.apply(tf.zeros([1, 2]))).toThrow(/without a task/);
  });
});

describe("components with states and masks of their own", () => {
  const { batchNormalization, dense } = tf.layers;
  const component = () =>
    tf.sequential({
      layers: [
        dense({ units: 3, inputShape: [features] }),
        batchNormalization({}),
        dropout({ rate: 0.5 }),
      ],
    });
  const trunk = () =>
    tf.sequential({ layers: [routed([component(), component()], { inputShape: [features] })] });

  test("move their statistics in shared steps only, and nowhere else", async () => {
    const network = await routedNetwork(gumbel, { trunk });
    const before = network.trunk.block.readStatistics();
    const batch = batchOf("left");
    const pass = sharedPass(network, [batch], draws);
    expect(pass.statistics).toHaveLength(2 * 2 * 3);
    expect(pass.statistics!.every((value, i) => value !== before[i])).toBe(true);
    pass.dispose();
    const { loss, gradients } = routedHeadGradient(network, batch.inputs, batch, draws);
    expect(network.trunk.block.readStatistics()).toEqual(before);
    tf.dispose([loss, ...gradients, batch.inputs, batch.labels]);
    network.dispose();
  });

  test("are not dropped in the head phase, whose trunk is frozen", async () => {
    const network = await routedNetwork(gumbel, { trunk });
    setRouter(network, "left", [[40, 40]]);
    const batch = batchOf("left");
    const outputs = predict(network, "left", batch.inputs);
    const evaluated = batch.loss(batch.labels, outputs);
    const { loss } = routedHeadGradient(network, batch.inputs, batch, draws);
    expect(loss.dataSync()[0]).toBeCloseTo(evaluated.dataSync()[0]!, 6);
    network.dispose();
  });
});
