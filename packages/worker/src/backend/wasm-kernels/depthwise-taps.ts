// The pixels that meet in a depthwise convolution, for both of its gradients. Knows no values.

import * as tf from "@tensorflow/tfjs";

export type DepthwiseInfo = tf.backend_util.Conv2DInfo;

/** Sizes of the forward convolution; dilations included, though tfjs's own gradient refuses them. */
export function depthwise(
  inputShape: number[],
  filterShape: number[],
  attrs: tf.DepthwiseConv2dNativeBackpropFilterAttrs | tf.DepthwiseConv2dNativeBackpropInputAttrs,
): DepthwiseInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
}

/** One tap of the filter: its index, and per axis the input position that output position 0 meets. */
export interface Tap {
  index: number;
  top: number;
  left: number;
}

export function taps(info: DepthwiseInfo): Tap[] {
  return Array.from({ length: info.filterHeight * info.filterWidth }, (_, index) => ({
    index,
    top: Math.floor(index / info.filterWidth) * info.dilationHeight - info.padInfo.top,
    left: (index % info.filterWidth) * info.dilationWidth - info.padInfo.left,
  }));
}

/**
 * Calls `visit` with the pixel indices of input and output (to be multiplied by the channels) for each
 * pair that the tap joins, in a fixed order.
 */
export function forEachPair(
  info: DepthwiseInfo,
  { top, left }: Tap,
  visit: (input: number, output: number) => void,
): void {
  const { inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth } = info;
  for (let row = 0; row < info.batchSize * outHeight; row++) {
    const y = (row % outHeight) * strideHeight + top;
    if (y < 0 || y >= inHeight) continue;
    const inputRow = (Math.floor(row / outHeight) * inHeight + y) * inWidth;
    for (let column = 0; column < outWidth; column++) {
      const x = column * strideWidth + left;
      if (x >= 0 && x < inWidth) visit(inputRow + x, row * outWidth + column);
    }
  }
}
