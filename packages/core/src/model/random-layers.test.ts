import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { dropout } from "./dropout.ts";
import { checkLayers } from "./random-layers.ts";

type Wrapped = Parameters<typeof tf.layers.bidirectional>[0]["layer"];

function problemsOf(...layers: tf.layers.Layer[]) {
  const model = tf.sequential({ layers });
  const problems = checkLayers(model, "trunk");
  model.dispose();
  return problems;
}

test.each([
  ["Dropout", tf.layers.dropout({ rate: 0.5, inputShape: [4, 2] })],
  ["SpatialDropout1D", tf.layers.spatialDropout1d({ rate: 0.5, inputShape: [4, 2] })],
  ["GaussianNoise", tf.layers.gaussianNoise({ stddev: 1, inputShape: [4, 2] })],
  ["GaussianDropout", tf.layers.gaussianDropout({ rate: 0.5, inputShape: [4, 2] })],
  ["AlphaDropout", tf.layers.alphaDropout({ rate: 0.5, inputShape: [4, 2] })],
])("%s is refused, with the way out", (name, layer) => {
  const [problem, ...others] = problemsOf(layer);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({
    path: `trunk.0.${name.toLowerCase()}`,
    code: "experiment/random-layer",
  });
  expect(problem!.remedy).not.toBe("");
});

test("recurrent dropout is found in every recurrent layer and inside wrappers, once", () => {
  const recurrentInitializer = "zeros" as const;
  const options = { units: 2, inputShape: [4, 2], recurrentInitializer };
  for (const layer of [
    tf.layers.simpleRNN({ ...options, dropout: 0.1 }),
    tf.layers.gru({ ...options, recurrentDropout: 0.1 }),
    tf.layers.lstm({ ...options, dropout: 0.1 }),
    tf.layers.bidirectional({
      layer: tf.layers.lstm({ units: 2, recurrentInitializer: "zeros", dropout: 0.1 }) as Wrapped,
      mergeMode: "concat",
      inputShape: [4, 2],
    }),
  ]) {
    const codes = problemsOf(layer).map(({ code }) => code);
    expect(codes).not.toHaveLength(0);
    expect(new Set(codes)).toEqual(new Set(["experiment/random-layer"]));
  }
});

test("layers inside nested models and time-distributed wrappers are looked at", () => {
  const inner = tf.sequential({ layers: [tf.layers.dropout({ rate: 0.5, inputShape: [2] })] });
  const timed = tf.layers.timeDistributed({
    layer: tf.layers.gaussianNoise({ stddev: 1 }),
    inputShape: [4, 2],
  });
  expect(problemsOf(inner)).toHaveLength(1);
  expect(problemsOf(timed).map(({ path }) => path)).toEqual(["trunk.0.timedistributed.layer"]);
});

test("regularizers, constraints and stateful layers, which training would ignore, are refused", () => {
  const dense = tf.layers.dense({
    units: 2,
    inputShape: [2],
    kernelRegularizer: "l1l2",
    biasConstraint: "nonNeg",
  });
  const found = problemsOf(dense);
  expect(found.map(({ code }) => code)).toEqual([
    "experiment/unsupported-layer",
    "experiment/unsupported-layer",
  ]);
  expect(found.map(({ remedy }) => remedy).join()).toContain("weightDecay");
  const stateful = tf.layers.simpleRNN({
    units: 2,
    stateful: true,
    batchInputShape: [1, 3, 2],
    recurrentInitializer: "zeros",
  });
  expect(
    problemsOf(stateful)
      .map(({ message }) => message)
      .join(),
  ).toContain("stateful");
});

test("batch norm without gamma or beta, on which tfjs's training pass throws, is refused", () => {
  const layer = tf.layers.batchNormalization({ scale: false, inputShape: [2] });
  expect(problemsOf(layer)).toHaveLength(1);
});

test("a dilated convolution, of which tfjs has no gradient, is refused", () => {
  const options = { filters: 1, kernelSize: 2, inputShape: [4, 4, 1] };
  expect(problemsOf(tf.layers.conv2d({ ...options, dilationRate: 2 }))).toHaveLength(1);
  expect(problemsOf(tf.layers.conv2d(options))).toEqual([]);
});

test("Trunkline's dropout and ordinary layers are welcome", () => {
  const layers = [
    tf.layers.dense({ units: 2, inputShape: [2], activation: "relu" }),
    dropout({ rate: 0.5 }),
    tf.layers.batchNormalization({}),
  ];
  expect(problemsOf(...layers)).toEqual([]);
});
