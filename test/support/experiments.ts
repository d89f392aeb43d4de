// Small experiments that tests train: made of numbers from counters, no files.

import * as tf from "@tensorflow/tfjs";
import {
  arrayDataset,
  type Dataset,
  defineExperiment,
  drawsFor,
  dropout,
  type Experiment,
  type ExperimentSettings,
} from "@trunkline/core";

const dense = tf.layers.dense;

/** `size` points of the square [-1, 1]^2 with labels of the authors' two tasks. */
export function circles(size: number, seed: number, tasks: readonly string[]) {
  const draw = drawsFor({ seed, purpose: "points" });
  const inputs = Float32Array.from({ length: size * 2 }, () => draw.uniform() * 2 - 1);
  const label = (kind: number) =>
    Float32Array.from({ length: size }, (_, i) => {
      const [x, y] = [inputs[2 * i]!, inputs[2 * i + 1]!];
      if (kind === 0) return Number(Math.hypot(x, y) <= 0.5);
      if (kind === 1) return Number(Math.abs(x) + Math.abs(y) <= 1);
      return Number(x * y > 0);
    });
  const labels = Object.fromEntries(tasks.map((task, k) => [task, label(k % 3)]));
  return arrayDataset({ inputs, inputShape: [2], labels });
}

const trunk = (withDropout: boolean) => () =>
  tf.sequential({
    layers: [
      dense({ inputShape: [2], units: 8, activation: "tanh" }),
      ...(withDropout ? [dropout({ rate: 0.2 })] : []),
      dense({ units: 6, activation: "relu" }),
    ],
  });

const head = ({ inputShape }: { inputShape: number[] }) =>
  tf.sequential({
    layers: [dense({ inputShape, units: 4, activation: "relu" }), dense({ units: 1 })],
  });

const binary = { head, loss: "sigmoidCrossEntropy", metrics: ["accuracy", "auc"] } as const;

/** Three tasks on one input. */
export function sharedInput(settings: Partial<ExperimentSettings> = {}): Experiment {
  const names = ["disc", "diamond", "signs"];
  return defineExperiment({
    name: "shared-input",
    options: { dropout: false, size: 70 },
    build: (options) => ({
      seed: 3,
      data: {
        train: circles(options.size, 1, names),
        validation: circles(20, 2, names),
        test: circles(30, 3, names),
      },
      trunk: trunk(options.dropout),
      tasks: { disc: binary, diamond: { ...binary, weight: 0.5 }, signs: binary },
      batchSize: 16,
      epochs: 4,
      ...settings,
    }),
  });
}

/** Two tasks of unequal size, each with inputs of its own. */
export function ownInputs(settings: Partial<ExperimentSettings> = {}): Experiment {
  const source = (task: string, size: number, seed: number) => ({
    train: circles(size, seed, [task]),
    validation: circles(20, seed + 1, [task]),
    test: circles(30, seed + 2, [task]),
  });
  return defineExperiment({
    name: "own-inputs",
    options: { dropout: false },
    build: (options) => ({
      seed: 5,
      trunk: trunk(options.dropout),
      tasks: {
        large: { ...binary, data: source("large", 50, 10) },
        small: { ...binary, data: source("small", 21, 20) },
        middle: { ...binary, data: source("middle", 33, 30) },
      },
      batchSize: 16,
      epochs: 4,
      ...settings,
    }),
  });
}

/** As {@link sharedInput}, with batch norm and dropout in trunk and heads. */
export function statefulLayers(settings: Partial<ExperimentSettings> = {}): Experiment {
  const { batchNormalization } = tf.layers;
  const statefulTrunk = () =>
    tf.sequential({
      layers: [
        dense({ inputShape: [2], units: 8, activation: "tanh" }),
        batchNormalization({ momentum: 0.9 }),
        dropout({ rate: 0.2 }),
      ],
    });
  const statefulHead = ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({
      layers: [
        dense({ inputShape, units: 4, activation: "relu" }),
        batchNormalization({ momentum: 0.9 }),
        dropout({ rate: 0.2 }),
        dense({ units: 1 }),
      ],
    });
  const task = { ...binary, head: statefulHead };
  return sharedInput({
    trunk: statefulTrunk,
    tasks: { disc: task, diamond: { ...task, weight: 0.5 }, signs: task },
    ...settings,
  });
}

/** A dataset with one task's yes-or-no labels turned round. */
export function flipped(dataset: Dataset, task: string): Dataset {
  return {
    ...dataset,
    async batch(indices, context) {
      const batch = await dataset.batch(indices, context);
      const labels = { ...batch.labels, [task]: batch.labels[task]!.map((label) => 1 - label) };
      return { ...batch, labels };
    },
  };
}
