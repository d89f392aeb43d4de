import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { differentiate } from "./differentiate.ts";
import { usePrunedGradients } from "./pruned-layers.ts";
import { distance, numbers } from "./test-networks.ts";

type Factory = () => tf.layers.Layer;

/** Names of the kernels that one evaluation runs. */
async function kernelsOf(evaluate: () => tf.Tensor[]): Promise<string[]> {
  const profile = await tf.profile(() => {
    tf.dispose(evaluate());
    return tf.scalar(0);
  });
  tf.dispose(profile.result as tf.Scalar);
  return profile.kernels.map(({ name }) => name);
}

function count(kernels: readonly string[], name: string): number {
  return kernels.filter((kernel) => kernel === name).length;
}

function outputOf(model: tf.LayersModel, x: tf.Tensor): tf.Tensor {
  return model.apply(x, { training: true }) as tf.Tensor;
}

/** Gradient of the sum of squared outputs for the given variables. */
function gradientOf(model: tf.LayersModel, x: tf.Tensor, variables: tf.Variable[]): tf.Tensor[] {
  const sum = () => tf.sum(tf.square(outputOf(model, x))) as tf.Scalar;
  const { value, gradients } = differentiate(sum, variables);
  value.dispose();
  return gradients;
}

function variablesOf(layer: tf.layers.Layer): tf.Variable[] {
  return layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

const cases: [name: string, inputShape: number[], factory: Factory][] = [
  ["dense linear", [4], () => tf.layers.dense({ units: 3, inputShape: [4] })],
  ["dense relu", [4], () => tf.layers.dense({ units: 3, inputShape: [4], activation: "relu" })],
  ["dense elu", [4], () => tf.layers.dense({ units: 3, inputShape: [4], activation: "elu" })],
  [
    "dense softmax",
    [4],
    () => tf.layers.dense({ units: 3, inputShape: [4], activation: "softmax" }),
  ],
  ["dense no bias", [4], () => tf.layers.dense({ units: 3, inputShape: [4], useBias: false })],
  ["dense rank 3", [2, 4], () => tf.layers.dense({ units: 3, inputShape: [2, 4] })],
  [
    "dense rank 4",
    [2, 3, 4],
    () => tf.layers.dense({ units: 3, inputShape: [2, 3, 4], activation: "softmax" }),
  ],
  [
    "conv2d same",
    [5, 5, 2],
    () => tf.layers.conv2d({ filters: 3, kernelSize: 3, padding: "same", inputShape: [5, 5, 2] }),
  ],
  [
    "conv2d strides",
    [6, 5, 2],
    () =>
      tf.layers.conv2d({
        filters: 3,
        kernelSize: [3, 2],
        strides: 2,
        activation: "relu",
        inputShape: [6, 5, 2],
      }),
  ],
  [
    "conv2d channels first",
    [2, 5, 5],
    () =>
      tf.layers.conv2d({
        filters: 3,
        kernelSize: 3,
        dataFormat: "channelsFirst",
        useBias: false,
        inputShape: [2, 5, 5],
      }),
  ],
  [
    "dense in a wrapper",
    [3, 4],
    () => tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }), inputShape: [3, 4] }),
  ],
];

describe("pruned layers", () => {
  test.each(cases)("%s keeps its values and gradients", (_, inputShape, factory) => {
    const model = tf.sequential({ layers: [factory()] });
    const x = numbers([3, ...inputShape], 9);
    const variables = variablesOf(model);
    const before = [outputOf(model, x), ...gradientOf(model, x, variables)];
    usePrunedGradients(model);
    const after = [outputOf(model, x), ...gradientOf(model, x, variables)];
    after.forEach((tensor, i) => {
      expect(tensor.shape).toEqual(before[i]!.shape);
      expect(distance(tensor.dataSync(), before[i]!.dataSync())).toBeLessThan(1e-5);
    });
    tf.dispose([x, ...before, ...after]);
    model.dispose();
  });

  test("a dense layer computes one product for its input or its kernel, not both", async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 3, inputShape: [4] }),
        tf.layers.dense({ units: 2, name: "second" }),
      ],
    });
    const x = numbers([3, 4]);
    const firstBias = variablesOf(model.layers[0]!).slice(1);
    const products = async () => {
      const kernels = await kernelsOf(() => gradientOf(model, x, firstBias));
      return count(kernels, "BatchMatMul") + count(kernels, "_FusedMatMul");
    };
    // Forward 2; backward, plain: the second's input. Fused: both products of both layers.
    expect(await products()).toBe(6);
    usePrunedGradients(model);
    expect(await products()).toBe(3);
    x.dispose();
    model.dispose();
  });

  test("a convolution computes no gradient for frozen filters", async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 2, kernelSize: 2, inputShape: [4, 4, 1] }),
        tf.layers.conv2d({ filters: 2, kernelSize: 2 }),
      ],
    });
    const x = numbers([2, 4, 4, 1]);
    const firstKernel = variablesOf(model.layers[0]!).slice(0, 1);
    const kernels = () => kernelsOf(() => gradientOf(model, x, firstKernel));
    expect(count(await kernels(), "Conv2DBackpropFilter")).toBe(2);
    usePrunedGradients(model);
    const pruned = await kernels();
    expect(count(pruned, "Conv2DBackpropFilter")).toBe(1);
    expect(count(pruned, "Conv2DBackpropInput")).toBe(1);
    x.dispose();
    model.dispose();
  });

  test("inference keeps the fused kernels", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
    usePrunedGradients(model);
    const x = numbers([3, 4]);
    expect(await kernelsOf(() => [outputOf(model, x)])).toContain("_FusedMatMul");
    x.dispose();
    model.dispose();
  });
});
