// Accuracy: how often the prediction is the label.

import { hasClasses, type Metric, type Predictions } from "./metric.ts";
import { topK } from "./top-k.ts";

const topOne = topK(1);

/**
 * Share of labels predicted right. Classes (D >= 2): the largest output names the class, given as
 * an index or as a row. Yes or no (D = 1, or labels declared `binary`): a logit above 0 means yes,
 * a label above 0.5 is yes, and each of the D labels of a sample counts for itself. Missing labels
 * do not count.
 */
export const accuracy: Metric = (predictions) =>
  hasClasses(predictions) ? topOne(predictions) : binaryAccuracy(predictions);

function binaryAccuracy({ labels, outputs }: Predictions): number {
  let hits = 0;
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    count++;
    const output = outputs[i]!;
    if (label > 0.5 ? output > 0 : output <= 0) hits++;
  }
  return count === 0 ? 0 : hits / count;
}
