// Gradient of a depthwise convolution with respect to its input, which tfjs's wasm backend lacks.
// Loops over the heap, like the filter's gradient.
// Letters: B = samples, [H, W] input and [h, w] output size, C = input channels, q = their multiplier.

import * as tf from "@tensorflow/tfjs";
import { depthwise, forEachPair, taps } from "./depthwise-taps.ts";
import { elements, type WasmKernel, zeros } from "./kernel.ts";

/** `dy[B, h, w, C q], filter[kh, kw, C, q] -> dx[B, H, W, C]`. */
export const depthwiseBackpropInput: WasmKernel<tf.DepthwiseConv2dNativeBackpropInputAttrs> = {
  name: tf.DepthwiseConv2dNativeBackpropInput,
  build:
    () =>
    ({ inputs, backend, attrs }) => {
      const info = depthwise(attrs.inputShape, inputs.filter!.shape, attrs);
      const out = zeros(backend, info.inShape);
      const dx = elements(backend, out);
      const dy = elements(backend, inputs.dy!);
      const filter = elements(backend, inputs.filter!);
      const { inChannels, outChannels } = info;
      for (const tap of taps(info)) {
        const weights = filter.subarray(tap.index * outChannels, (tap.index + 1) * outChannels);
        const add = productsInto(dx, dy, weights);
        forEachPair(info, tap, (input, output) =>
          add(input * inChannels, output * outChannels, inChannels),
        );
      }
      return out;
    },
};

/** Adds one pixel: `dx[input + c] += sum_j dy[output + c q + j] weights[c q + j]`. */
function productsInto(dx: Float32Array, dy: Float32Array, weights: Float32Array) {
  return (input: number, output: number, channels: number): void => {
    const multiplier = weights.length / channels;
    let at = 0;
    for (let c = 0; c < channels; c++) {
      let sum = dx[input + c]!;
      for (let j = 0; j < multiplier; j++) {
        sum += dy[output + at]! * weights[at]!;
        at++;
      }
      dx[input + c] = sum;
    }
  };
}
