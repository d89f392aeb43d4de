// Gradient of a convolution with respect to its filter, which tfjs's wasm backend lacks. It is itself a
// convolution, of the input (channels as samples, samples as channels) with the output's gradient as the
// filter, so XNNPACK's does the work and no im2col matrix is ever built: 10 to 13 GFLOP/s against 3 to 4.
// Letters: B = samples, [H, W] input and [h, w] output size, C = input and D = output channels.

import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import {
  call,
  elements,
  type KernelCall,
  permute,
  samples,
  type WasmKernel,
  withShape,
  zeros,
} from "./kernel.ts";

export type ConvInfo = tf.backend_util.Conv2DInfo;

/**
 * Products summed in float32 for one element before a new partial sum begins: the error of a sum grows
 * with its length.
 */
const summedProducts = 32_768;

/** Samples are XNNPACK's innermost loop here, which it unrolls by this number. */
const unrolled = 8;

/** `x[B, H, W, C], dy[B, h, w, D] -> dFilter[kh, kw, C, D]`; channels last, no dilation (nor has tfjs). */
export const conv2dBackpropFilter: WasmKernel<tf.Conv2DBackpropFilterAttrs> = {
  name: tf.Conv2DBackpropFilter,
  build: () => filterGradient,
};

function filterGradient(request: KernelCall<tf.Conv2DBackpropFilterAttrs>): tf.TensorInfo {
  const { inputs, backend, attrs } = request;
  const info = convolution(inputs.x!.shape, attrs.filterShape, attrs);
  const gradientOf = isPointwise(info) ? pointwiseGradient : chunkGradient;
  const out = zeros(backend, info.filterShape);
  const chunk = samplesPerSum(info);
  for (let from = 0; from < info.batchSize; from += chunk) {
    const count = Math.min(chunk, info.batchSize - from);
    const x = samples(backend, inputs.x!, [from, count]);
    const dy = samples(backend, inputs.dy!, [from, count]);
    const part = gradientOf(backend, [x, dy], info);
    addTo(elements(backend, out), elements(backend, part), [info, part.shape]);
    for (const used of [x, dy, part]) backend.disposeData(used.dataId);
  }
  return out;
}

function samplesPerSum(info: ConvInfo): number {
  const samples = summedProducts / (info.outHeight * info.outWidth);
  return unrolled * Math.max(1, Math.floor(samples / unrolled));
}

/** Sizes of the forward convolution. */
export function convolution(
  inputShape: number[],
  filterShape: number[],
  attrs: Pick<tf.Conv2DBackpropFilterAttrs, "strides" | "pad" | "dataFormat" | "dimRoundingMode">,
): ConvInfo {
  if (attrs.dataFormat === "NCHW") {
    throw new Error(
      "Convolutions with channels first are not supported on wasm; use channels last.",
    );
  }
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

function isPointwise(info: ConvInfo): boolean {
  const { top, bottom, left, right } = info.padInfo;
  const extents = [info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth];
  return extents.every((extent) => extent === 1) && top + bottom + left + right === 0;
}

/** A 1 x 1 filter sees pixels as samples of a dense layer; result `[C, 1, 1, D]`. */
function pointwiseGradient(
  backend: BackendWasm,
  [x, dy]: readonly [tf.TensorInfo, tf.TensorInfo],
  info: ConvInfo,
): tf.TensorInfo {
  const pixels = tf.util.sizeFromShape(x.shape) / info.inChannels;
  const a = withShape(x, [pixels, info.inChannels]);
  const b = withShape(dy, [pixels, info.outChannels]);
  const out = call(backend, tf.BatchMatMul, { a, b }, { transposeA: true, transposeB: false });
  return withShape(out, [info.inChannels, 1, 1, info.outChannels]);
}

/**
 * The gradient as a convolution: stride and dilation change places, padding stays. Result
 * `[C, >= kh, >= kw, D]`; what lies beyond the filter belongs to pixels that a stride never reached.
 */
function chunkGradient(
  backend: BackendWasm,
  [x, dy]: readonly [tf.TensorInfo, tf.TensorInfo],
  info: ConvInfo,
): tf.TensorInfo {
  const count = x.shape[0]!;
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const channelsFirst = permute(
    backend,
    withShape(x, [count, inHeight * inWidth, inChannels]),
    [2, 1, 0],
  );
  const pixelsFirst = permute(
    backend,
    withShape(dy, [count, outHeight * outWidth, outChannels]),
    [1, 0, 2],
  );
  const { top, bottom, left, right } = info.padInfo;
  const out = call(
    backend,
    tf.Conv2D,
    {
      x: withShape(channelsFirst, [inChannels, inHeight, inWidth, count]),
      filter: withShape(pixelsFirst, [outHeight, outWidth, count, outChannels]),
    },
    {
      strides: [1, 1],
      dilations: [info.strideHeight, info.strideWidth],
      pad: [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
      dataFormat: "NHWC",
    },
  );
  backend.disposeData(channelsFirst.dataId);
  backend.disposeData(pixelsFirst.dataId);
  return out;
}

/** `out[u, v, c, :] += part[c, u, v, :]`, `part` being of the given shape. */
function addTo(out: Float32Array, part: Float32Array, [info, shape]: [ConvInfo, number[]]): void {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const [, partHeight = 0, partWidth = 0] = shape;
  let at = 0;
  for (let u = 0; u < filterHeight; u++) {
    for (let v = 0; v < filterWidth; v++) {
      for (let c = 0; c < inChannels; c++) {
        const from = ((c * partHeight + u) * partWidth + v) * outChannels;
        for (let d = 0; d < outChannels; d++) {
          out[at] = out[at]! + part[from + d]!;
          at++;
        }
      }
    }
  }
}
