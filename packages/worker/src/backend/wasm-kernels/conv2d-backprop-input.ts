// Gradient of a convolution with respect to its input. tfjs's own kernel is a plain loop (1.6 GFLOP/s);
// the gradient is a convolution too, of the output's gradient with the filter turned around, and as that
// XNNPACK makes it at about 20. A stride means zeros between the gradient's pixels.
// Letters: B = samples, [H, W] input and [h, w] output size, C = input and D = output channels.

import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { type ConvInfo, convolution } from "./conv2d-backprop-filter.ts";
import { call, elements, type KernelFunction, type WasmKernel, zeros } from "./kernel.ts";

type Attributes = tf.Conv2DBackpropInputAttrs;

/** Above this product of strides the multiplications with inserted zeros cost more than tfjs's loop. */
const worthwhileStrides = 8;

/** `dy[B, h, w, D], filter[kh, kw, C, D] -> dx[B, H, W, C]`; channels last, no dilation (nor has tfjs). */
export const conv2dBackpropInput: WasmKernel<Attributes> = {
  name: tf.Conv2DBackpropInput,
  build(original) {
    return (request) => inputGradient(request, original);
  },
};

const inputGradient = (
  request: Parameters<KernelFunction<Attributes>>[0],
  original: KernelFunction<Attributes>,
): tf.TensorInfo => {
  const { inputs, backend, attrs } = request;
  if (attrs.dataFormat === "NCHW") return original(request);
  const filter = inputs.filter!;
  const info = convolution(attrs.inputShape, filter.shape, attrs);
  const pad = turnedPadding(info);
  const strided = info.strideHeight * info.strideWidth;
  if (pad.flat().some((width) => width < 0) || strided > worthwhileStrides)
    return original(request);
  const spread = strided === 1 ? inputs.dy! : spreadPixels(backend, inputs.dy!, info);
  const turned = turnFilter(backend, filter, info);
  const out = call(
    backend,
    tf.Conv2D,
    { x: spread, filter: turned },
    { strides: [1, 1], dilations: [1, 1], pad, dataFormat: "NHWC" },
  );
  backend.disposeData(turned.dataId);
  if (spread !== inputs.dy) backend.disposeData(spread.dataId);
  return out;
};

/** Padding that makes the turned convolution's output `[H, W]` large. */
function turnedPadding(info: ConvInfo): number[][] {
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const bottom = info.inHeight + info.padInfo.top - spreadSize(info.outHeight, info.strideHeight);
  const right = info.inWidth + info.padInfo.left - spreadSize(info.outWidth, info.strideWidth);
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function spreadSize(size: number, stride: number): number {
  return (size - 1) * stride + 1;
}

/** `dy` with `stride - 1` zeros between neighbours, both ways. Caller disposes. */
function spreadPixels(backend: BackendWasm, dy: tf.TensorInfo, info: ConvInfo): tf.TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = info;
  const height = spreadSize(outHeight, strideHeight);
  const width = spreadSize(outWidth, strideWidth);
  const out = zeros(backend, [batchSize, height, width, outChannels]);
  const from = elements(backend, dy);
  const to = elements(backend, out);
  let at = 0;
  for (let row = 0; row < batchSize * outHeight; row++) {
    const y = (row % outHeight) * strideHeight + Math.floor(row / outHeight) * height;
    for (let x = 0; x < outWidth; x++) {
      const target = (y * width + x * strideWidth) * outChannels;
      for (let d = 0; d < outChannels; d++) to[target + d] = from[at++]!;
    }
  }
  return out;
}

/** `[kh, kw, C, D] -> [kh, kw, D, C]`, rows and columns in reverse order. Caller disposes. */
function turnFilter(backend: BackendWasm, filter: tf.TensorInfo, info: ConvInfo): tf.TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const out = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], "float32");
  const from = elements(backend, filter);
  const to = elements(backend, out);
  const taps = filterHeight * filterWidth;
  const size = inChannels * outChannels;
  for (let tap = 0; tap < taps; tap++) {
    const target = (taps - 1 - tap) * size;
    for (let c = 0; c < inChannels; c++) {
      const source = tap * size + c * outChannels;
      for (let d = 0; d < outChannels; d++) to[target + d * inChannels + c] = from[source + d]!;
    }
  }
  return out;
}
