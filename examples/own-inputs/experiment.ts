// Tasks of unequal size, each with inputs of its own: three machines of one kind keep logs of the same
// sensors, and each is asked something else. One trunk learns what the sensors mean from all three.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  ateSg,
  type CsvOptions,
  csvDataset,
  type DataSource,
  defineExperiment,
  type HeadFactory,
} from "@trunkline/core";

const inputs = ["speed", "feed", "temperature", "vibration", "current"];

/** Two files of one log; `standardise` is fitted on the first and applied to both. */
function log(name: string, options: Omit<CsvOptions, "inputs">): DataSource {
  return async ({ open }) => ({
    train: await csvDataset(open(`data/${name}-train.csv`), { inputs, ...options }),
    test: await csvDataset(open(`data/${name}-test.csv`), { inputs, ...options }),
    standardise: true,
  });
}

const head =
  (outputs: number): HeadFactory =>
  ({ inputShape }) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape, units: 16, activation: "relu" }),
        tf.layers.dense({ units: outputs }),
      ],
    });

export default defineExperiment({
  name: "own-inputs",
  options: { width: 32 },
  build: ({ width }) => ({
    trunk: () =>
      tf.sequential({
        layers: [
          tf.layers.dense({ inputShape: [inputs.length], units: width, activation: "relu" }),
          tf.layers.dense({ units: width, activation: "relu" }),
        ],
      }),
    tasks: {
      // Hours that a tool will last.
      life: {
        data: log("life", { labels: { life: "hours_left" } }),
        head: head(1),
        loss: "huber",
        metrics: ["mae", "rmse", "explainedVariance"],
      },
      // One row in eight is a failure.
      failure: {
        data: log("failure", { labels: { failure: "failed" } }),
        head: head(1),
        loss: "sigmoidCrossEntropy",
        positiveWeight: 4,
        metrics: ["accuracy", "auc"],
      },
      // Words for classes, and rows in which nobody wrote the state down.
      state: {
        data: log("state", {
          labels: { state: "state" },
          categories: { state: ["idle", "normal", "strained"] },
          missingLabels: true,
        }),
        head: head(3),
        loss: "softmaxCrossEntropy",
        classWeights: [1, 1, 2],
        missingLabels: true,
        metrics: ["accuracy"],
      },
    },
    schedule: ateSg({ sharedEpochs: 1, headEpochs: 1 }),
    optimizer: { trunk: adam({ learningRate: 3e-3 }), heads: adam({ learningRate: 3e-3 }) },
    batchSize: 32,
    epochs: 30,
  }),
});
