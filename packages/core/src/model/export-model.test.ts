import * as tf from "@tensorflow/tfjs";
import { afterEach, expect, test } from "vitest";
import { dropout } from "./dropout.ts";
import { plainModel } from "./export-model.ts";
import { predict } from "./forward.ts";
import { buildNetwork, type Network } from "./network.ts";
import { denseNetwork, distance, numbers, tensorsLeftBy } from "./test-networks.ts";

type Wrapped = Parameters<typeof tf.layers.timeDistributed>[0]["layer"];

let network: Network;
afterEach(() => network.dispose());

/** With the weights of layers at several places, which tfjs leaves alone. */
function disposeModel(model: tf.LayersModel): void {
  const weights = model.weights.map((weight) => weight.read());
  model.dispose();
  for (const weight of weights) if (!weight.isDisposed) weight.dispose();
}

/** Saves to memory and loads with plain tfjs; disposes what was saved. */
async function reloaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      const dateSaved = new Date(0);
      return { modelArtifactsInfo: { dateSaved, modelTopologyType: "JSON" } };
    }),
  );
  disposeModel(model);
  const topology = JSON.stringify(artifacts.modelTopology);
  expect(topology).not.toContain("Trunkline");
  // Names that tfjs counts per process look like this; the file must not depend on the process.
  expect(topology).not.toMatch(/_[A-Z][A-Za-z]+\d+"/);
  return tf.loadLayersModel(tf.io.fromMemory(artifacts));
}

/** Compares the reloaded model's outputs with the network's own. */
async function expectEqualPredictions(tasks: string[], inputShape: number[]): Promise<void> {
  const left = await tensorsLeftBy(async () => {
    const model = await reloaded(plainModel(network, tasks));
    const x = numbers([5, ...inputShape], 8);
    const outputs = model.predict(x);
    const list = Array.isArray(outputs) ? outputs : [outputs];
    expect(model.outputNames).toEqual(tasks);
    tasks.forEach((task, i) => {
      const expected = predict(network, task, x);
      expect(list[i]!.shape).toEqual(expected.shape);
      expect(distance(list[i]!.dataSync(), expected.dataSync())).toBeLessThan(1e-6);
      expected.dispose();
    });
    tf.dispose([x, ...list]);
    disposeModel(model);
  });
  expect(left).toBe(0);
}

test("all tasks in one model, or one task alone, predict as the network does", async () => {
  network = await denseNetwork();
  await expectEqualPredictions(["left", "right"], [4]);
  await expectEqualPredictions(["right"], [4]);
});

test("convolutions, batch norm with moved statistics, dropout and nested models are kept", async () => {
  const nested = (inputShape: number[]) =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: "relu", inputShape }),
        tf.layers.batchNormalization({}),
      ],
    });
  network = await buildNetwork({
    seed: 4,
    trunk: () =>
      tf.sequential({
        layers: [nested([6, 6, 1]), dropout({ rate: 0.5 }), tf.layers.flatten()],
      }),
    heads: {
      one: ({ inputShape }) =>
        tf.sequential({ layers: [tf.layers.dense({ units: 2, name: "out", inputShape })] }),
      two: ({ inputShape }) =>
        tf.sequential({
          layers: [
            dropout({ rate: 0.5, inputShape }),
            tf.layers.dense({ units: 3, name: "out", activation: "softmax" }),
          ],
        }),
    },
  });
  network.trunk.block.writeStatistics(Float32Array.of(1, 2, 3, 4, 5, 6));
  await expectEqualPredictions(["one", "two"], [6, 6, 1]);
});

test("functional models with several outputs, shared layers and wrappers are kept", async () => {
  network = await buildNetwork({
    seed: 5,
    trunk: () => {
      const x = tf.input({ shape: [3, 2] });
      const timed = tf.layers.timeDistributed({ layer: dropout({ rate: 0.5 }) as Wrapped });
      const twice = tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) });
      const y = twice.apply(twice.apply(timed.apply(x))) as tf.SymbolicTensor;
      const outputs = [
        tf.layers.lstm({ units: 2, recurrentInitializer: "glorotNormal" }).apply(y),
        tf.layers.flatten().apply(y),
      ] as tf.SymbolicTensor[];
      return tf.model({ inputs: x, outputs });
    },
    heads: {
      both: ({ inputShapes }) => {
        const inputs = inputShapes.map((shape) => tf.input({ shape }));
        const joined = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
        const outputs = tf.layers.dense({ units: 1 }).apply(joined) as tf.SymbolicTensor;
        return tf.model({ inputs, outputs });
      },
      first: ({ inputShape }) =>
        tf.sequential({ layers: [tf.layers.activation({ activation: "tanh", inputShape })] }),
    },
  });
  await expectEqualPredictions(["both", "first"], [3, 2]);
});

test.each([[[4]], [[2, 2, 2, 4]]])(
  "inputs of shape %j are standardised in front",
  async (shape) => {
    const units = shape.reduce((product, dimension) => product * dimension, 1);
    network = await buildNetwork({
      seed: 6,
      trunk: () =>
        tf.sequential({ layers: [tf.layers.reshape({ targetShape: [units], inputShape: shape })] }),
      heads: {
        only: ({ inputShape }) =>
          tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape })] }),
      },
    });
    const standardise = {
      mean: Float32Array.of(1, -2, 30, 0),
      deviation: Float32Array.of(2, 0.5, 10, 1),
    };
    const model = await reloaded(plainModel(network, ["only"], { standardise }));
    tf.tidy(() => {
      const raw = tf.add(tf.mul(numbers([5, ...shape], 2), 10), 5);
      const standard = tf.div(tf.sub(raw, standardise.mean), standardise.deviation);
      const expected = predict(network, "only", standard);
      const found = model.predict(raw) as tf.Tensor;
      expect(distance(found.dataSync(), expected.dataSync())).toBeLessThan(2e-5);
    });
    model.dispose();
  },
);

test("the copies don't follow the network's further training", async () => {
  network = await denseNetwork();
  const model = plainModel(network, ["left"]);
  const x = numbers([2, 4]);
  const before = (model.predict(x) as tf.Tensor).dataSync();
  network.trunk.block.writeWeights(new Float32Array(network.trunk.block.layout.length));
  expect((model.predict(x) as tf.Tensor).dataSync()).toEqual(before);
  x.dispose();
  model.dispose();
});
