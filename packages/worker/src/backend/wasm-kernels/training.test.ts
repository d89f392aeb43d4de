import * as tf from "@tensorflow/tfjs";
import { describe, test } from "vitest";
import { expectSameOnWasm, filled } from "../../../test/compare-backends.ts";

type Build = () => tf.LayersModel;

/** Loss and gradients of a model at weights given by formula, in the order of its weights. */
function step(build: Build, labels: number[], inputs?: () => tf.Tensor): () => tf.Tensor[] {
  return () => {
    const model = build();
    model.setWeights(model.getWeights().map(({ shape }, i) => filled(shape, i).mul(0.3).add(0.01)));
    const shape = model.inputs[0]!.shape.map((size) => size ?? 4);
    const x = inputs?.() ?? filled(shape, 40);
    const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const { value, grads } = tf.variableGrads(() => {
      const y = model.apply(x, { training: true }) as tf.Tensor;
      return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, y.shape.at(-1)!), y);
    }, weights);
    const results = [value, ...weights.map(({ name }) => grads[name]!)];
    model.dispose();
    return results;
  };
}

const { conv2d, dense, depthwiseConv2d, flatten, maxPooling2d, separableConv2d } = tf.layers;

const convolutional = (first: tf.layers.Layer[]): Build => {
  return () =>
    tf.sequential({
      layers: [
        tf.layers.inputLayer({ inputShape: [8, 8, 3] }),
        ...first,
        flatten(),
        dense({ units: 5 }),
      ],
    });
};

describe("one training step on wasm has the cpu backend's loss and gradients", () => {
  const labels = [0, 1, 2, 4];

  test("dense layers", async () => {
    const build: Build = () =>
      tf.sequential({
        layers: [
          dense({ inputShape: [6], units: 16, activation: "relu" }),
          dense({ units: 12, activation: "tanh" }),
          dense({ units: 5 }),
        ],
      });
    await expectSameOnWasm(step(build, labels));
  });

  test("convolution and pooling", async () => {
    await expectSameOnWasm(
      step(
        () =>
          convolutional([
            conv2d({ filters: 6, kernelSize: 3, padding: "same", activation: "relu" }),
            maxPooling2d({ poolSize: 2 }),
            conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: "elu" }),
            tf.layers.averagePooling2d({ poolSize: 1 }),
          ])(),
        labels,
      ),
    );
  });

  test("depthwise and separable convolution with batch normalisation", async () => {
    await expectSameOnWasm(
      step(
        () =>
          convolutional([
            depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: "relu" }),
            tf.layers.batchNormalization(),
            separableConv2d({ filters: 4, kernelSize: 3, activation: "sigmoid" }),
            tf.layers.maxPooling2d({ poolSize: 2 }),
          ])(),
        labels,
      ),
    );
  });

  test("layer normalisation, transposed and one-dimensional convolution", async () => {
    await expectSameOnWasm(
      step(
        () =>
          convolutional([
            tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same" }),
            tf.layers.layerNormalization(),
            tf.layers.reshape({ targetShape: [64, 12] }),
            tf.layers.conv1d({ filters: 4, kernelSize: 5, activation: "softplus" }),
            tf.layers.maxPooling1d({ poolSize: 3 }),
          ])(),
        labels,
      ),
    );
  });

  test("gated recurrence in both directions", async () => {
    const gru = tf.layers.gru({ units: 3, recurrentInitializer: "zeros" }) as tf.RNN;
    const build: Build = () =>
      tf.sequential({
        layers: [
          tf.layers.bidirectional({ layer: gru, mergeMode: "concat", inputShape: [4, 3] }),
          dense({ units: 5 }),
        ],
      });
    await expectSameOnWasm(step(build, labels));
  });

  test("embedding and recurrence", async () => {
    const build: Build = () =>
      tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 3 }),
          tf.layers.lstm({ units: 6, recurrentInitializer: "zeros" }),
          dense({ units: 5 }),
        ],
      });
    const words = () => tf.tensor2d([0, 1, 2, 3, 3, 5, 6, 0, 8, 1, 1, 1], [4, 3], "int32");
    await expectSameOnWasm(step(build, labels, words));
  });
});
