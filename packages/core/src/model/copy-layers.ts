// Plain copies of a model's layers, wired anew onto other tensors: nested models are flattened, and
// layers of our own become the tfjs layers that do the same in inference, so that a file made of the
// copies needs no code of ours to load.

import * as tf from "@tensorflow/tfjs";
import { TrunklineDropout } from "./dropout.ts";

/** A model's graph, as tfjs keeps it. */
interface GraphNode {
  inputTensors: tf.SymbolicTensor[];
  callArgs: object | null;
}

interface GraphLayer extends tf.layers.Layer {
  inboundNodes: (tf.layers.Layer["inboundNodes"][number] & GraphNode)[];
}

interface GraphTensor extends tf.SymbolicTensor {
  sourceLayer: GraphLayer;
  nodeIndex: number;
  tensorIndex: number;
}

interface GraphModel extends tf.layers.Layer {
  inputs: GraphTensor[];
  outputs: GraphTensor[];
}

/** A layer's class, able to make a layer from the configuration of another. */
interface LayerClass {
  fromConfig(cls: LayerClass, config: tf.serialization.ConfigDict): tf.layers.Layer;
}

/**
 * Applies copies of the model's layers to `inputs`, one per input of the model, with the weights that
 * they have now. Layers are named `${prefix}.${ordinal}.${class}`. Returns the model's outputs.
 */
export function applyCopy(
  model: tf.LayersModel,
  inputs: readonly tf.SymbolicTensor[],
  prefix: string,
): tf.SymbolicTensor[] {
  const copies = new Map<tf.layers.Layer, tf.layers.Layer>();
  const copyOf = (layer: tf.layers.Layer): tf.layers.Layer => {
    const known = copies.get(layer);
    if (known !== undefined) return known;
    const name = `${prefix}.${copies.size}.${layer.getClassName().toLowerCase()}`;
    const copy = plainCopy(layer, name);
    copies.set(layer, copy);
    return copy;
  };
  return wire(model as unknown as GraphModel, inputs, copyOf);
}

/** Follows the graph back from each output and applies copies on the way forth. */
function wire(
  model: GraphModel,
  inputs: readonly tf.SymbolicTensor[],
  copyOf: (layer: tf.layers.Layer) => tf.layers.Layer,
): tf.SymbolicTensor[] {
  const done = new Map<object, readonly tf.SymbolicTensor[]>();
  const given = new Map(model.inputs.map((input, i) => [input.id, inputs[i]!]));
  const resolve = (tensor: GraphTensor): tf.SymbolicTensor => {
    const input = given.get(tensor.id);
    if (input !== undefined) return input;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex]!;
    const outputs = done.get(node) ?? applyNode(layer, node, resolve, copyOf);
    done.set(node, outputs);
    return outputs[tensor.tensorIndex]!;
  };
  return model.outputs.map(resolve);
}

function applyNode(
  layer: GraphLayer,
  node: GraphNode,
  resolve: (tensor: GraphTensor) => tf.SymbolicTensor,
  copyOf: (layer: tf.layers.Layer) => tf.layers.Layer,
): readonly tf.SymbolicTensor[] {
  const inputs = (node.inputTensors as GraphTensor[]).map(resolve);
  if ("layers" in layer) return wire(layer as unknown as GraphModel, inputs, copyOf);
  const copy = copyOf(layer);
  const applied = copy.apply(inputs.length === 1 ? inputs[0]! : inputs, node.callArgs ?? {});
  // Sets them again for each further place of a shared layer, which changes nothing.
  copy.setWeights(layer.getWeights());
  return (Array.isArray(applied) ? applied : [applied]) as tf.SymbolicTensor[];
}

function plainCopy(layer: tf.layers.Layer, name: string): tf.layers.Layer {
  const config = withoutOwnLayers({ ...layer.getConfig(), name }) as tf.serialization.ConfigDict;
  const copy = layer instanceof TrunklineDropout ? plainDropout(config) : sameClass(layer, config);
  // Initial weights are overwritten at once; drawing them would take longer than the copy.
  copy.setFastWeightInitDuringBuild(true);
  return copy;
}

function plainDropout(config: tf.serialization.ConfigDict): tf.layers.Layer {
  return tf.layers.dropout(config as unknown as Parameters<typeof tf.layers.dropout>[0]);
}

function sameClass(layer: tf.layers.Layer, config: tf.serialization.ConfigDict): tf.layers.Layer {
  const cls = layer.constructor as unknown as LayerClass;
  return cls.fromConfig(cls, config);
}

/**
 * Wrappers carry the configuration of the layer inside: its class, and a name that tfjs counted up in
 * this process.
 */
function withoutOwnLayers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwnLayers);
  if (typeof value !== "object" || value === null) return value;
  const plain: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const inner = withoutOwnLayers(part);
    plain[key] = key === "layer" || key === "cell" ? renamed(inner, key) : inner;
  }
  if (plain.className === TrunklineDropout.className) plain.className = "Dropout";
  return plain;
}

function renamed(inner: unknown, name: string): unknown {
  const { config, ...rest } = inner as { config: object };
  return { ...rest, config: { ...config, name } };
}
