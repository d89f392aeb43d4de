// What stands in a routed layer's place in an exported model: plain tfjs layers that join the outputs of
// the task's components as evaluation does (see `combine.ts`). The rest of the components is left out.
// Letters: n = components in use.

import * as tf from "@tensorflow/tfjs";
import type { CopyRoute } from "../model/copy-layers.ts";
import type { Network } from "../model/network.ts";
import type { Combination } from "./router.ts";
import { routerValues } from "./task-router.ts";

type Tensor = tf.SymbolicTensor;

/** Wires the routes that the task's routers choose now. */
export function plainRoute(network: Network, task: string): CopyRoute {
  return (layer, x, component) => {
    const router = network.head(task).routers[layer.ordinal]!;
    const { chosen, combine } = layer.router.choose(routerValues(router), router.place);
    const outputs = chosen.map((i) => component(router.allowed[i]!));
    return joined(combine, outputs, { x, name: `trunk.routed.${layer.ordinal}` });
  };
}

interface Place {
  /** The routed layer's input. */
  x: Tensor;
  /** What the plain layers' names begin with. */
  name: string;
}

function joined(how: Combination, outputs: readonly Tensor[], { x, name }: Place): Tensor {
  if (how.kind === "gated") return gated(how, outputs, { x, name });
  if (how.kind === "weighted") {
    return sum(
      outputs.map((output, i) => scaled(output, how.weights[i]!, `${name}.scale.${i}`)),
      name,
    );
  }
  if (outputs.length === 1 || how.kind === "sum") return sum(outputs, name);
  return apply(tf.layers.average({ name: `${name}.average` }), [...outputs]);
}

function sum(outputs: readonly Tensor[], name: string): Tensor {
  return outputs.length === 1
    ? outputs[0]!
    : apply(tf.layers.add({ name: `${name}.add` }), [...outputs]);
}

/** Times a constant: batch norm of mean 0 and the deviation 1 / factor, over all numbers of a sample. */
function scaled(x: Tensor, factor: number, name: string): Tensor {
  const sample = sampleOf(x);
  const flat = reshaped(x, [sizeOf(sample)], `${name}.flatten`);
  const layer = tf.layers.batchNormalization({
    name,
    axis: -1,
    epsilon: 0,
    center: false,
    scale: false,
    trainable: false,
  });
  const output = apply(layer, flat);
  const size = sizeOf(sample);
  tf.tidy(() => layer.setWeights([tf.zeros([size]), tf.fill([size], 1 / factor ** 2)]));
  return reshaped(output, sample, `${name}.restore`);
}

/** The gate is a dense layer with softmax on the flat input; a dot product takes its weights. */
function gated(
  { kernel, bias }: Extract<Combination, { kind: "gated" }>,
  outputs: readonly Tensor[],
  { x, name }: Place,
): Tensor {
  const n = outputs.length;
  const inputs = sizeOf(sampleOf(x));
  const gate = tf.layers.dense({ units: n, activation: "softmax", name: `${name}.gate` });
  gate.setFastWeightInitDuringBuild(true);
  const weights = apply(gate, reshaped(x, [inputs], `${name}.flatten`));
  tf.tidy(() => gate.setWeights([tf.tensor(kernel, [inputs, n]), tf.tensor(bias)]));
  const sample = sampleOf(outputs[0]!);
  const rows = outputs.map((output, i) =>
    reshaped(output, [1, sizeOf(sample)], `${name}.row.${i}`),
  );
  const stack =
    n === 1 ? rows[0]! : apply(tf.layers.concatenate({ axis: 1, name: `${name}.stack` }), rows);
  const mixed = apply(tf.layers.dot({ axes: 1, name: `${name}.mix` }), [weights, stack]);
  return reshaped(mixed, sample, `${name}.restore`);
}

function reshaped(x: Tensor, targetShape: number[], name: string): Tensor {
  return apply(tf.layers.reshape({ targetShape, name }), x);
}

function apply(layer: tf.layers.Layer, inputs: Tensor | Tensor[]): Tensor {
  return layer.apply(inputs) as Tensor;
}

const sampleOf = (x: Tensor) => x.shape.slice(1) as number[];
const sizeOf = (shape: readonly number[]) => shape.reduce((size, axis) => size * axis, 1);
