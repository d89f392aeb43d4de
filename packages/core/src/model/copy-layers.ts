// Plain copies of a model's layers, wired anew onto other tensors: nested models are flattened, and
// layers of our own become the tfjs layers that do the same in inference, so that a file made of the
// copies needs no code of ours to load.

import * as tf from "@tensorflow/tfjs";
import { TrunklineRouted } from "../routing/routed-layer.ts";
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

/** Wires plain layers in a routed layer's place; `component` applies copies of one of its components. */
export type CopyRoute = (
  layer: TrunklineRouted,
  x: tf.SymbolicTensor,
  component: (index: number) => tf.SymbolicTensor,
) => tf.SymbolicTensor;

/** How a layer's copy comes about. */
interface Copying {
  copyOf(layer: tf.layers.Layer): tf.layers.Layer;
  route: CopyRoute;
}

/**
 * Applies copies of the model's layers to `inputs`, one per input of the model, with the weights that
 * they have now. Layers are named `${prefix}.${ordinal}.${class}`. Returns the model's outputs.
 *
 * @param route - Of the task whose copy it is. @default none: the model has no routed layers
 */
export function applyCopy(
  model: tf.LayersModel,
  inputs: readonly tf.SymbolicTensor[],
  prefix: string,
  route: CopyRoute = withoutRoute,
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
  return wire(model as unknown as GraphModel, inputs, { copyOf, route });
}

function withoutRoute(): never {
  throw new RangeError("a model with routed layers is copied for one task");
}

/** Follows the graph back from each output and applies copies on the way forth. */
function wire(
  model: GraphModel,
  inputs: readonly tf.SymbolicTensor[],
  copying: Copying,
): tf.SymbolicTensor[] {
  const done = new Map<object, readonly tf.SymbolicTensor[]>();
  const given = new Map(model.inputs.map((input, i) => [input.id, inputs[i]!]));
  const resolve = (tensor: GraphTensor): tf.SymbolicTensor => {
    const input = given.get(tensor.id);
    if (input !== undefined) return input;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex]!;
    const outputs = done.get(node) ?? applyNode(layer, node, resolve, copying);
    done.set(node, outputs);
    return outputs[tensor.tensorIndex]!;
  };
  return model.outputs.map(resolve);
}

function applyNode(
  layer: GraphLayer,
  node: GraphNode,
  resolve: (tensor: GraphTensor) => tf.SymbolicTensor,
  copying: Copying,
): readonly tf.SymbolicTensor[] {
  const inputs = (node.inputTensors as GraphTensor[]).map(resolve);
  return applyLayer(layer, inputs, node.callArgs ?? {}, copying);
}

function applyLayer(
  layer: tf.layers.Layer,
  inputs: readonly tf.SymbolicTensor[],
  callArgs: object,
  copying: Copying,
): readonly tf.SymbolicTensor[] {
  if (layer instanceof TrunklineRouted) {
    const component = (index: number) =>
      applyLayer(layer.layers[index]!, inputs, callArgs, copying)[0]!;
    return [copying.route(layer, inputs[0]!, component)];
  }
  if ("layers" in layer) return wire(layer as unknown as GraphModel, inputs, copying);
  const copy = copying.copyOf(layer);
  const applied = copy.apply(inputs.length === 1 ? inputs[0]! : [...inputs], callArgs);
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
