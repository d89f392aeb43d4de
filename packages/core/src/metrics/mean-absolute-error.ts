// Mean absolute error over all labels of a split.

import type { Metric } from "./metric.ts";

/** Mean of |output - label| over all labels that are there; outputs and labels `[N, D]`. */
export const mae: Metric = ({ outputs, labels }) => {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    sum += Math.abs(outputs[i]! - label);
    count++;
  }
  return count === 0 ? 0 : sum / count;
};
