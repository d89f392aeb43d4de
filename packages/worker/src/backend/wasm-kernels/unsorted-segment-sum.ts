// Sums rows by segment: the gradient of gathering, so of every embedding. tfjs's wasm backend lacks it,
// and the cpu backend's passes over all rows once per segment.

import * as tf from "@tensorflow/tfjs";
import { elements, type WasmKernel, zeros } from "./kernel.ts";

/**
 * `x[n, ...], segmentIds[n] -> out[numSegments, ...]`, `out[s] = sum of x[i] over segmentIds[i] = s`, in
 * order of `i`; ids outside the range are skipped, as the cpu backend does.
 */
export const unsortedSegmentSum: WasmKernel<tf.UnsortedSegmentSumAttrs> = {
  name: tf.UnsortedSegmentSum,
  build:
    () =>
    ({ inputs, backend, attrs }) => {
      const { x, segmentIds } = inputs;
      const rowShape = x!.shape.slice(1);
      const width = tf.util.sizeFromShape(rowShape);
      const out = zeros(backend, [attrs.numSegments, ...rowShape]);
      const rows = backend.typedArrayFromHeap(x!);
      const ids = backend.typedArrayFromHeap(segmentIds!);
      const sums = elements(backend, out);
      for (let i = 0; i < ids.length; i++) {
        const segment = ids[i]!;
        if (segment >= 0 && segment < attrs.numSegments) {
          const target = segment * width;
          const source = i * width;
          for (let j = 0; j < width; j++) sums[target + j] = sums[target + j]! + rows[source + j]!;
        }
      }
      return out;
    },
};
