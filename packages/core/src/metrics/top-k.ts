// Top-k accuracy: how often the right class is among the k largest logits.

import { classOf, type Metric, type Predictions } from "./metric.ts";

/**
 * Share of labelled samples whose class is among the k largest of their outputs. Among equal
 * outputs the one of lower index counts as larger, so k = 1 is the accuracy of the first argmax; a
 * sample with NaN among its outputs is a miss whenever the NaN could matter.
 *
 * @returns A metric of outputs `[N, D]`, D >= 2, and class labels, indices `[N, 1]` or rows
 *   `[N, D]`.
 */
export function topK(k: number): Metric {
  return (predictions) => {
    let hits = 0;
    let count = 0;
    for (let n = 0; n < predictions.size; n++) {
      const label = classOf(predictions, n);
      if (Number.isNaN(label)) continue;
      count++;
      if (outputsAhead(predictions, n, label) < k) hits++;
    }
    return count === 0 ? 0 : hits / count;
  };
}

function outputsAhead({ outputs, outputSize }: Predictions, n: number, label: number): number {
  const start = n * outputSize;
  const own = outputs[start + label]!;
  let ahead = 0;
  for (let c = 0; c < outputSize; c++) {
    const other = outputs[start + c]!;
    // Written so that NaN, which compares as false, is ahead.
    const behind = other < own || (other === own && c >= label);
    if (!behind) ahead++;
  }
  return ahead;
}
