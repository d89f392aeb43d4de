// Area under the ROC curve, exact, by ranks.
// Letters: N = samples, D = outputs, L = numbers of a label.

import { classOf, hasClasses, type Metric, meanOverColumns, type Predictions } from "./metric.ts";

/**
 * Area under the receiver operating characteristic: the probability that a positive sample scores
 * above a negative one, ties counting half (Hanley & McNeil, 1982; the Mann-Whitney U divided by
 * its maximum). Exact over the whole split, no binning.
 *
 * Yes-or-no labels `[N, D]`: the mean over the D columns. Classes: the mean over classes, each
 * against the rest, scored by its log-probability. Columns in which only one kind of label occurs
 * have no area and are left out; 0.5 where that leaves none.
 */
export const auc: Metric = (predictions) => {
  const { outputSize } = predictions;
  if (!hasClasses(predictions)) {
    return meanOverColumns(outputSize, (c) => area(labelColumn(predictions, c)), 0.5);
  }
  const normalizers = Float64Array.from({ length: predictions.size }, (_, n) =>
    logSumExp(predictions, n),
  );
  const column = (c: number) => area(classColumn(predictions, c, normalizers));
  return meanOverColumns(outputSize, column, 0.5);
};

/** Scores of one column, by label. */
interface Column {
  positive: number[];
  negative: number[];
}

function labelColumn(predictions: Predictions, column: number): Column {
  const { size, outputs, labels, outputSize, labelSize } = predictions;
  const scores: Column = { positive: [], negative: [] };
  for (let n = 0; n < size; n++) {
    const label = labels[n * labelSize + column]!;
    if (Number.isNaN(label)) continue;
    const side = label > 0.5 ? scores.positive : scores.negative;
    side.push(outputs[n * outputSize + column]!);
  }
  return scores;
}

function classColumn(predictions: Predictions, column: number, normalizers: Float64Array): Column {
  const { size, outputs, outputSize } = predictions;
  const scores: Column = { positive: [], negative: [] };
  for (let n = 0; n < size; n++) {
    const label = classOf(predictions, n);
    if (Number.isNaN(label)) continue;
    const side = label === column ? scores.positive : scores.negative;
    side.push(outputs[n * outputSize + column]! - normalizers[n]!);
  }
  return scores;
}

function logSumExp({ outputs, outputSize }: Predictions, n: number): number {
  const start = n * outputSize;
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < outputSize; c++) most = Math.max(most, outputs[start + c]!);
  let sum = 0;
  for (let c = 0; c < outputSize; c++) sum += Math.exp(outputs[start + c]! - most);
  return most + Math.log(sum);
}

/** U / (positives * negatives), by merging the two sorted sides; undefined where one is empty. */
function area(column: Column): number | undefined {
  const positive = Float64Array.from(column.positive).sort();
  const negative = Float64Array.from(column.negative).sort();
  if (positive.length === 0 || negative.length === 0) return undefined;
  let below = 0; // negatives under the current positive
  let upTo = 0; // those and the ones equal to it
  let pairs = 0;
  for (const score of positive) {
    while (below < negative.length && negative[below]! < score) below++;
    upTo = Math.max(upTo, below);
    while (upTo < negative.length && negative[upTo]! <= score) upTo++;
    pairs += (below + upTo) / 2;
  }
  return pairs / (positive.length * negative.length);
}
