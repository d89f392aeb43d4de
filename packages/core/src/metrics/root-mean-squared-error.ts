// Root of the mean squared error over all labels of a split.

import type { Metric } from "./metric.ts";

/** Root of the mean of (output - label)^2 over all labels that are there; both `[N, D]`. */
export const rmse: Metric = ({ outputs, labels }) => {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    const error = outputs[i]! - label;
    sum += error * error;
    count++;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
};
