// Gradient of max pooling. tfjs's wasm kernel gives the gradient to the wrong pixel where all of a window
// is negative, as windows are that no relu came before.

import * as tf from "@tensorflow/tfjs";
import { elements, type KernelCall, type WasmKernel, zeros } from "./kernel.ts";

type PoolInfo = tf.backend_util.Conv2DInfo;

/** `input[B, H, W, C], dy[B, h, w, C] -> dx[B, H, W, C]`; the first of equal pixels has all of it. */
export const maxPoolGrad: WasmKernel<tf.MaxPoolGradAttrs> = {
  name: tf.MaxPoolGrad,
  build: () => gradient,
};

function gradient({ inputs, backend, attrs }: KernelCall<tf.MaxPoolGradAttrs>): tf.TensorInfo {
  const shape = inputs.input!.shape as [number, number, number, number];
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool2DInfo(
    shape,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const out = zeros(backend, info.inShape);
  const input = elements(backend, inputs.input!);
  const dy = elements(backend, inputs.dy!);
  const dx = elements(backend, out);
  const channels = info.inChannels;
  const best: Best = { values: new Float32Array(channels), indices: new Int32Array(channels) };
  for (let window = 0; window < info.batchSize * info.outHeight * info.outWidth; window++) {
    findLargest(input, info, window, best);
    for (let channel = 0; channel < channels; channel++) {
      const at = best.indices[channel]!;
      if (at >= 0) dx[at] = dx[at]! + dy[window * channels + channel]!;
    }
  }
  return out;
}

/** Per channel the largest number of a window so far and its index; -1 where all are NaN. */
interface Best {
  values: Float32Array;
  indices: Int32Array;
}

/** Fills `best` from the pixels of a window that lie inside the image, row by row. */
function findLargest(input: Float32Array, info: PoolInfo, window: number, best: Best): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const sample = Math.floor(window / (outHeight * outWidth));
  const top = (Math.floor(window / outWidth) % outHeight) * info.strideHeight - info.padInfo.top;
  const left = (window % outWidth) * info.strideWidth - info.padInfo.left;
  const bottom = Math.min(inHeight, top + info.filterHeight);
  const right = Math.min(inWidth, left + info.filterWidth);
  forget(best, inChannels);
  for (let y = Math.max(0, top); y < bottom; y++) {
    for (let x = Math.max(0, left); x < right; x++) {
      keepLarger(input, ((sample * inHeight + y) * inWidth + x) * inChannels, best);
    }
  }
}

/** A loop, as `fill` costs more than all the rest on arrays this short. */
function forget({ values, indices }: Best, channels: number): void {
  for (let channel = 0; channel < channels; channel++) {
    values[channel] = Number.NEGATIVE_INFINITY;
    indices[channel] = -1;
  }
}

/** Compares one pixel, whose first channel is at `offset`. */
function keepLarger(input: Float32Array, offset: number, { values, indices }: Best): void {
  const channels = values.length;
  for (let channel = 0; channel < channels; channel++) {
    const value = input[offset + channel]!;
    if (value > values[channel]!) {
      values[channel] = value;
      indices[channel] = offset + channel;
    }
  }
}
