// The small example that the authors of ATE-SG publish beside their paper (Bellavia, Della Santa and
// Papini, ATE-SG, 2026; repository Fra0013To/ATEforMTNN): two regions of a square, learned together.
//
// Departures: heads end in a logit, which goes with the sigmoid cross-entropy, where theirs end in a
// sigmoid unit (the same function, computed more exactly); points are drawn from the run's seed.

import * as tf from "@tensorflow/tfjs";
import {
  ateSg,
  defineExperiment,
  drawsFor,
  plateau,
  sgd,
  type TaskDefinition,
} from "@trunkline/core";
import { insides, pointsDataset } from "./points.ts";

const sizes = { train: 750, validation: 150, test: 1000 };

const relu = (units: number) => tf.layers.dense({ units, activation: "relu" });

const task: TaskDefinition = {
  head: ({ inputShape }) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape, units: 64, activation: "relu" }),
        relu(64),
        tf.layers.dense({ units: 1 }),
      ],
    }),
  loss: "sigmoidCrossEntropy",
  metrics: ["accuracy"],
};

export default defineExperiment({
  name: "synthetic-two-task",
  build() {
    const learningRate = plateau({ initial: 0.01, factor: 0.5, patience: 10 });
    return {
      data: ({ seed }) => {
        const points = (split: keyof typeof sizes) =>
          pointsDataset(sizes[split], drawsFor({ seed, purpose: `points/${split}` }));
        return { train: points("train"), validation: points("validation"), test: points("test") };
      },
      trunk: () =>
        tf.sequential({
          layers: [
            tf.layers.dense({ inputShape: [2], units: 64, activation: "relu" }),
            relu(64),
            relu(64),
            relu(64),
          ],
        }),
      tasks: Object.fromEntries(Object.keys(insides).map((name) => [name, task])),
      schedule: ateSg({ sharedEpochs: 1, headEpochs: 1 }),
      optimizer: { trunk: sgd({ learningRate }), heads: sgd({ learningRate }) },
      batchSize: 16,
      epochs: 500,
      earlyStopping: { patience: 25, restoreBest: true },
    };
  },
});
