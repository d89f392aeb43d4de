// Gradient of a depthwise convolution with respect to its filter, which tfjs's wasm backend lacks.
// Loops over the heap: each product is used once, so there is no matrix product to be had.
// Letters: B = samples, [H, W] input and [h, w] output size, C = input channels, q = their multiplier.

import * as tf from "@tensorflow/tfjs";
import { depthwise, forEachPair, taps } from "./depthwise-taps.ts";
import { elements, type WasmKernel } from "./kernel.ts";

/** `x[B, H, W, C], dy[B, h, w, C q] -> dFilter[kh, kw, C, q]`, summed in float64. */
export const depthwiseBackpropFilter: WasmKernel<tf.DepthwiseConv2dNativeBackpropFilterAttrs> = {
  name: tf.DepthwiseConv2dNativeBackpropFilter,
  build:
    () =>
    ({ inputs, backend, attrs }) => {
      const info = depthwise(inputs.x!.shape, attrs.filterShape, attrs);
      const out = backend.makeOutput(info.filterShape, "float32");
      const sums = new Float64Array(info.outChannels);
      const add = productsInto(sums, elements(backend, inputs.x!), elements(backend, inputs.dy!));
      const values = elements(backend, out);
      for (const tap of taps(info)) {
        sums.fill(0);
        forEachPair(info, tap, (input, output) =>
          add(input * info.inChannels, output * info.outChannels, info.inChannels),
        );
        values.set(sums, tap.index * info.outChannels);
      }
      return out;
    },
};

/** Adds one pixel: `sums[c q + j] += x[input + c] dy[output + c q + j]`. */
function productsInto(sums: Float64Array, x: Float32Array, dy: Float32Array) {
  return (input: number, output: number, channels: number): void => {
    const multiplier = sums.length / channels;
    let at = 0;
    for (let c = 0; c < channels; c++) {
      const value = x[input + c]!;
      for (let j = 0; j < multiplier; j++) {
        sums[at] = sums[at]! + value * dy[output + at]!;
        at++;
      }
    }
  };
}
