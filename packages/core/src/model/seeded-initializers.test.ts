import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { withSeededInitializers } from "./seeded-initializers.ts";

function twoLayers(): tf.Sequential {
  const kernelInitializer = tf.initializers.randomNormal({});
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [3], kernelInitializer }),
      tf.layers.dense({ units: 3, kernelInitializer }),
    ],
  });
}

async function weightsOf(
  seed: number,
  block: string,
  factory: () => tf.LayersModel | Promise<tf.LayersModel> = twoLayers,
): Promise<number[][]> {
  const model = await withSeededInitializers({ seed, block }, factory);
  const weights = model.getWeights().map((weight) => [...weight.dataSync()]);
  model.dispose();
  return weights;
}

test("two builds of one block are equal, other seeds and blocks differ", async () => {
  const trunk = await weightsOf(3, "trunk");
  expect(await weightsOf(3, "trunk")).toEqual(trunk);
  expect(await weightsOf(4, "trunk")).not.toEqual(trunk);
  expect(await weightsOf(3, "head")).not.toEqual(trunk);
});

test("an initializer shared by two layers gives them different weights", async () => {
  const [first, , second] = await weightsOf(3, "trunk");
  expect(first).not.toEqual(second);
});

test("seeds that the user gave are respected", async () => {
  const factory = () => {
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 11 });
    return tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer })],
    });
  };
  expect(await weightsOf(3, "trunk", factory)).toEqual(await weightsOf(4, "trunk", factory));
});

test("a seed of 0, which tfjs ignores for normal distributions, is replaced", async () => {
  const factory = () => {
    const kernelInitializer = tf.initializers.randomNormal({ seed: 0 });
    return tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer })],
    });
  };
  expect(await weightsOf(3, "trunk", factory)).toEqual(await weightsOf(3, "trunk", factory));
});

test("the bias of an LSTM, behind a closure, is seeded too", async () => {
  const factory = () =>
    tf.sequential({
      layers: [tf.layers.lstm({ units: 2, inputShape: [3, 2], biasInitializer: "randomNormal" })],
    });
  expect(await weightsOf(3, "trunk", factory)).toEqual(await weightsOf(3, "trunk", factory));
});

test("weights that the factory sets survive", async () => {
  const [kernel] = await weightsOf(3, "trunk", () => {
    const model = twoLayers();
    tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.onesLike(weight))));
    return model;
  });
  expect(new Set(kernel)).toEqual(new Set([1]));
});

test("factories that overlap in time don't take each other's ordinals", async () => {
  const alone = await weightsOf(3, "trunk");
  const slow = async () => {
    await Promise.resolve();
    return twoLayers();
  };
  const together = await Promise.all([
    weightsOf(3, "trunk", slow),
    weightsOf(5, "head", slow),
    weightsOf(3, "trunk", slow),
  ]);
  expect(together[0]).toEqual(alone);
  expect(together[2]).toEqual(alone);
});

test("the layers' prototype is restored, also after a throw, and the next build works", async () => {
  const prototype = tf.layers.Layer.prototype as unknown as { addWeight: unknown };
  const before = prototype.addWeight;
  const failing = withSeededInitializers({ seed: 1, block: "trunk" }, () => {
    throw new Error("no model");
  });
  await expect(failing).rejects.toThrow("no model");
  expect(prototype.addWeight).toBe(before);
  expect(await weightsOf(3, "trunk")).toHaveLength(4);
});

test("the initializers keep the configuration that they had", async () => {
  const initializer = tf.initializers.heNormal({});
  await withSeededInitializers({ seed: 1, block: "trunk" }, () =>
    tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: initializer })],
    }),
  ).then((model) => model.dispose());
  expect((initializer as unknown as { seed?: number }).seed).toBeUndefined();
});
