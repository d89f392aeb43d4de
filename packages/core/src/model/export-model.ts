// A trained network as an ordinary tfjs model: `tf.loadLayersModel` reads what it saves in Node and in a
// browser without any code of ours. Writing files is not its business.

import * as tf from "@tensorflow/tfjs";
import type { Standardisation } from "../data/standardise.ts";
import { plainRoute } from "../routing/plain-route.ts";
import { applyCopy } from "./copy-layers.ts";
import type { Network } from "./network.ts";

export interface ExportOptions {
  /** Puts `(x - mean) / deviation` in front, so that the model takes raw inputs. @default none */
  standardise?: Standardisation;
}

/** tfjs normalises tensors of at most this rank, the batch included. */
const maxNormalisedRank = 4;

/**
 * Copies trunk and heads, with their weights of now, into one plain model whose outputs are named after
 * their tasks. The caller disposes it.
 *
 * Of a trunk with routed layers the model has the task's own components alone, in plain layers that do what
 * evaluation does.
 *
 * @param tasks - All tasks where they share their input and all of the trunk, else one.
 */
export function plainModel(
  network: Network,
  tasks: readonly string[],
  { standardise }: ExportOptions = {},
): tf.LayersModel {
  const { model } = network.trunk;
  const source = model.inputs[0]!;
  const shape = source.shape.slice(1);
  const input = tf.input({ shape, dtype: source.dtype, name: "trunk.input" });
  const standard = standardise === undefined ? input : standardised(input, standardise);
  const features = applyCopy(model, [standard], "trunk", routeOf(network, tasks));
  const outputs = tasks.map((name) => taskOutput(network, name, features));
  return tf.model({ inputs: input, outputs, name: "trunkline" });
}

function routeOf(network: Network, tasks: readonly string[]) {
  if (!network.isRouted) return undefined;
  const [task, ...others] = tasks;
  if (others.length > 0) throw new RangeError("tasks with routes of their own share no model");
  return plainRoute(network, task!);
}

function taskOutput(
  network: Network,
  task: string,
  features: readonly tf.SymbolicTensor[],
): tf.SymbolicTensor {
  const { model } = network.head(task);
  const [output] = applyCopy(model, features.slice(0, model.inputs.length), `heads.${task}`);
  // An output takes the name of its layer, and a head's last layer need not be its own.
  const named = tf.layers.activation({ activation: "linear", name: task });
  return named.apply(output!) as tf.SymbolicTensor;
}

/** Batch norm with fixed statistics: the one plain layer that subtracts and divides per feature. */
function standardised(
  input: tf.SymbolicTensor,
  { mean, deviation }: Standardisation,
): tf.SymbolicTensor {
  const sample = input.shape.slice(1) as number[];
  if (input.rank <= maxNormalisedRank) return normalised(input, { mean, deviation });
  const features = sample.at(-1)!;
  const flat = reshaped(input, [-1, features], "trunk.flatten");
  return reshaped(normalised(flat, { mean, deviation }), sample, "trunk.restore");
}

function normalised(
  input: tf.SymbolicTensor,
  { mean, deviation }: Standardisation,
): tf.SymbolicTensor {
  const layer = tf.layers.batchNormalization({
    name: "trunk.standardise",
    axis: -1,
    epsilon: 0,
    center: false,
    scale: false,
    trainable: false,
  });
  const output = layer.apply(input) as tf.SymbolicTensor;
  const variance = deviation.map((value) => value * value);
  tf.tidy(() => layer.setWeights([tf.tensor1d(mean), tf.tensor1d(variance)]));
  return output;
}

function reshaped(input: tf.SymbolicTensor, targetShape: number[], name: string) {
  return tf.layers.reshape({ targetShape, name }).apply(input) as tf.SymbolicTensor;
}
