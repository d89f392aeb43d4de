// Networks, batches and losses for the tests of this folder: small, seeded, and of different depth and
// loss per task.

import * as tf from "@tensorflow/tfjs";
import { drawsFor } from "../random/draws.ts";
import type { StepDraws } from "./forward.ts";
import { jointPass, sharedPass, type TaskBatch, type TaskLossFunction } from "./gradients.ts";
import { buildNetwork, type Network, type NetworkOptions } from "./network.ts";

export const features = 4;

export const squared: TaskLossFunction = (labels, outputs) =>
  tf.tidy(() => tf.mean(tf.square(tf.sub(outputs, labels))) as tf.Scalar);

export const crossEntropy: TaskLossFunction = (labels, outputs) =>
  tf.losses.softmaxCrossEntropy(labels, outputs) as tf.Scalar;

/** A dense trunk, a shallow head with squared loss and a deeper one with cross entropy. */
export function denseNetwork(change: Partial<NetworkOptions> = {}): Promise<Network> {
  return buildNetwork({
    seed: 7,
    trunk: () =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units: 5, inputShape: [features], activation: "tanh" }),
          tf.layers.dense({ units: 3 }),
        ],
      }),
    heads: {
      left: ({ inputShape }) =>
        tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape })] }),
      right: ({ inputShape }) =>
        tf.sequential({
          layers: [
            tf.layers.dense({ units: 4, inputShape, activation: "tanh" }),
            tf.layers.dense({ units: 3 }),
          ],
        }),
    },
    ...change,
  });
}

/** Standard normal numbers of a fixed stream. */
export function numbers(shape: number[], step = 0): tf.Tensor {
  const draw = drawsFor({ seed: 1, purpose: "test", step });
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => draw.normal()),
    shape,
  );
}

/** Class indices as one-hot rows `[rows, classes]`. */
export function classes(rows: number, count: number, step = 0): tf.Tensor {
  const draw = drawsFor({ seed: 2, purpose: "test", step });
  return tf.tidy(() =>
    tf.oneHot(
      tf.tensor1d(
        Array.from({ length: rows }, () => draw.integer(count)),
        "int32",
      ),
      count,
    ),
  );
}

/** One batch for both tasks of {@link denseNetwork}; with `own` inputs each, or the same tensor. */
export function bothBatches({ rows = 6, own = false } = {}): [TaskBatch, TaskBatch] {
  const inputs = numbers([rows, features], 3);
  return [
    {
      task: "left",
      source: own ? "left" : "",
      inputs,
      labels: numbers([rows, 2], 4),
      weight: 0.7,
      loss: squared,
    },
    {
      task: "right",
      source: own ? "right" : "",
      inputs: own ? numbers([rows - 1, features], 5) : inputs,
      labels: classes(own ? rows - 1 : rows, 3),
      weight: 1.6,
      loss: crossEntropy,
    },
  ];
}

export function disposeBatches(batches: readonly TaskBatch[]): void {
  for (const { inputs, labels } of batches) tf.dispose([inputs, labels]);
}

/** Largest absolute difference between two arrays of one length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/** Runs a test's body and reports how many tensors it left. */
export async function tensorsLeftBy(body: () => unknown): Promise<number> {
  const before = tf.memory().numTensors;
  await body();
  return tf.memory().numTensors - before;
}

/** Forward and backward pass in one, with weights of 1. */
export function trunkGradient(network: Network, batches: readonly TaskBatch[], draws: StepDraws) {
  const pass = sharedPass(network, batches, draws);
  const gradient = pass.trunk(batches.map(() => 1));
  pass.dispose();
  return { losses: pass.losses, statistics: pass.statistics, gradient };
}

/** The same for trunk and heads; the caller disposes the heads' tensors. */
export function jointGradient(network: Network, batches: readonly TaskBatch[], draws: StepDraws) {
  const pass = jointPass(network, batches, draws);
  const { trunk, heads } = pass.both(batches.map(() => 1));
  pass.dispose();
  return { losses: pass.losses, statistics: pass.statistics, gradient: trunk, heads };
}
