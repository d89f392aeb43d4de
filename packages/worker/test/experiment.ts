// A small experiment for tests of the worker's own parts: three tasks of unlike kinds on one input.

import * as tf from "@tensorflow/tfjs";
import {
  arrayDataset,
  type Dataset,
  defineExperiment,
  drawsFor,
  type ExperimentSettings,
  type PreparedExperiment,
  prepareExperiment,
  resolveExperiment,
} from "@trunkline/core";

const { dense } = tf.layers;

/**
 * Points of the square with a yes-or-no label of which every fourth is missing, a class of three, and two
 * numbers; samples of the numbers have weights.
 */
export function points(size: number, seed: number): Dataset {
  const draw = drawsFor({ seed, purpose: "points" });
  const inputs = Float32Array.from({ length: size * 2 }, () => draw.uniform() * 2 - 1);
  const rows = Array.from(
    { length: size },
    (_, i) => [inputs[2 * i]!, inputs[2 * i + 1]!] as const,
  );
  return arrayDataset({
    inputs,
    inputShape: [2],
    labels: {
      inside: rows.map(([x, y], i) => (i % 4 === 3 ? Number.NaN : Number(x * x + y * y < 0.5))),
      sector: rows.map(([x]) => (x < -0.3 ? 0 : x < 0.3 ? 1 : 2)),
      position: {
        values: Float32Array.from(rows.flatMap(([x, y]) => [x + y, x - y])),
        shape: [size, 2],
      },
    },
    sampleWeights: { position: rows.map((_, i) => 0.5 + (i % 3)) },
  });
}

const head =
  (units: number) =>
  ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({ layers: [dense({ inputShape, units })] });

export const pointTasks = {
  inside: {
    head: head(1),
    loss: "sigmoidCrossEntropy",
    metrics: ["accuracy", "auc"],
    missingLabels: true,
  },
  sector: {
    head: head(3),
    loss: "softmaxCrossEntropy",
    metrics: ["accuracy", "top2", "auc"],
    classWeights: [1, 2, 3],
  },
  position: { head: head(2), loss: "meanSquaredError", metrics: ["mae", "rmse"] },
} as const satisfies ExperimentSettings["tasks"];

const experiment = (settings: Partial<ExperimentSettings>) =>
  defineExperiment({
    name: "points",
    build: () => ({
      seed: 1,
      data: { train: points(40, 1), validation: points(23, 2), test: points(31, 3) },
      trunk: () =>
        tf.sequential({ layers: [dense({ inputShape: [2], units: 5, activation: "tanh" })] }),
      tasks: pointTasks,
      ...settings,
    }),
  });

/** The caller disposes the network. */
export function preparedPoints(
  settings: Partial<ExperimentSettings> = {},
): Promise<PreparedExperiment> {
  const resolved = resolveExperiment(experiment(settings), { set: {} });
  const open = (path: string): never => {
    throw new Error(`no file is opened: ${path}`);
  };
  return prepareExperiment(resolved, { open });
}
