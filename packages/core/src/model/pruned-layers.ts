// Dense and convolution layers whose gradients compute only what was asked for. tfjs runs them through
// fused kernels, whose gradient computes the product for the kernel and the product for the input
// together, even where one block is frozen; plain kernels are pruned. Instances are changed, never the
// classes, and only inside a gradient: inference keeps the fused kernels.

import * as tf from "@tensorflow/tfjs";
import { walkLayers } from "./walk-layers.ts";

type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: object) => tf.Tensor | tf.Tensor[];

interface DenseParts {
  call: Call;
  kernel: tf.LayerVariable;
  bias: tf.LayerVariable | null;
  activation: { apply(x: tf.Tensor): tf.Tensor };
}

interface Conv2DParts extends DenseParts {
  strides: [number, number];
  dilationRate: [number, number];
  padding: "valid" | "same";
  dataFormat: "channelsFirst" | "channelsLast";
}

/** Makes every Dense and Conv2D inside the model prune its gradient; their values stay the same. */
export function usePrunedGradients(model: tf.LayersModel): void {
  for (const { layer } of walkLayers(model)) {
    const name = layer.getClassName();
    if (name === "Dense") pruneCall(layer as unknown as DenseParts, dense);
    if (name === "Conv2D") pruneCall(layer as unknown as Conv2DParts, conv2d);
  }
}

function pruneCall<Parts extends DenseParts>(
  layer: Parts,
  plain: (layer: Parts, x: tf.Tensor) => tf.Tensor,
): void {
  const fused = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    if (tf.engine().state.gradientDepth === 0) return fused(inputs, kwargs);
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.tidy(() => plain(layer, x));
  };
}

/** `activation(x kernel + bias)` over the last axis of `x`, `[B, ..., in]` to `[B, ..., units]`. */
function dense({ kernel, bias, activation }: DenseParts, x: tf.Tensor): tf.Tensor {
  const [inputs, units] = kernel.shape as [number, number];
  const flat: tf.Tensor = x.rank === 2 ? x : tf.reshape(x, [-1, inputs]);
  let y: tf.Tensor = tf.matMul(flat, kernel.read());
  if (bias !== null) y = tf.add(y, bias.read());
  if (x.rank !== 2) y = tf.reshape(y, [...x.shape.slice(0, -1), units]);
  return activation.apply(y);
}

/** `[B, height, width, in]` to `[B, height', width', filters]`, or both with channels first. */
function conv2d(layer: Conv2DParts, x: tf.Tensor): tf.Tensor {
  const channelsFirst = layer.dataFormat === "channelsFirst";
  const image = (channelsFirst ? tf.transpose(x, [0, 2, 3, 1]) : x) as tf.Tensor4D;
  const kernel = layer.kernel.read() as tf.Tensor4D;
  const { strides, padding, dilationRate } = layer;
  let y: tf.Tensor = tf.conv2d(image, kernel, strides, padding, "NHWC", dilationRate);
  if (layer.bias !== null) y = tf.add(y, layer.bias.read());
  return layer.activation.apply(channelsFirst ? tf.transpose(y, [0, 3, 1, 2]) : y);
}
