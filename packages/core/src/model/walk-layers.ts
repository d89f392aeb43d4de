// The layers of a model in a fixed order, those inside nested models, wrappers and recurrent layers
// included. Names come from positions: tfjs counts its layer names per process, so that they differ
// between two processes that build the same model.

import * as tf from "@tensorflow/tfjs";

export interface PlacedLayer {
  layer: tf.layers.Layer;
  /** Position and class, as `0.dense` or `2.sequential.1.conv2d` or `0.bidirectional.forward`. */
  path: string;
}

/** What tfjs layers hold other layers in; none of it is in their common type. */
interface LayerWithParts {
  layers?: unknown;
  cells?: unknown;
  forwardLayer?: unknown;
  backwardLayer?: unknown;
  layer?: unknown;
  cell?: unknown;
}

/** Every layer inside `model` once, each before its own parts. */
export function walkLayers(model: tf.layers.Layer): PlacedLayer[] {
  const placed = new Map<tf.layers.Layer, string>();
  visitParts(model, "", placed);
  return [...placed].map(([layer, path]) => ({ layer, path }));
}

function visitParts(owner: tf.layers.Layer, prefix: string, placed: Map<tf.layers.Layer, string>) {
  for (const [name, layer] of partsOf(owner)) {
    if (placed.has(layer)) continue;
    const path = prefix + name;
    placed.set(layer, path);
    visitParts(layer, `${path}.`, placed);
  }
}

function partsOf(owner: tf.layers.Layer): [name: string, layer: tf.layers.Layer][] {
  const parts = owner as LayerWithParts;
  const listed = parts.layers ?? parts.cells;
  if (Array.isArray(listed)) {
    return listed
      .filter(isLayer)
      .map((layer, i) => [`${i}.${layer.getClassName().toLowerCase()}`, layer]);
  }
  // A Bidirectional runs on two copies of its `layer`; the original has no weights.
  if (isLayer(parts.forwardLayer) && isLayer(parts.backwardLayer)) {
    return [
      ["forward", parts.forwardLayer],
      ["backward", parts.backwardLayer],
    ];
  }
  if (isLayer(parts.layer)) return [["layer", parts.layer]];
  return isLayer(parts.cell) ? [["cell", parts.cell]] : [];
}

function isLayer(part: unknown): part is tf.layers.Layer {
  return part instanceof tf.layers.Layer;
}
