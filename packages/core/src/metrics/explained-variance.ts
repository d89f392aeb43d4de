// Explained variance: how much of the labels' variance the outputs account for.

import { type Metric, meanOverColumns, type Predictions } from "./metric.ts";

/**
 * `1 - Var(y - z) / Var(y)` for labels y and outputs z `[N, D]`, population variances, the mean
 * over the D columns. Unlike R^2 it forgives a constant offset. Columns whose labels do not vary
 * are left out; 0 where that leaves none.
 */
export const explainedVariance: Metric = (predictions) =>
  meanOverColumns(predictions.outputSize, (column) => explained(predictions, column), 0);

function explained(predictions: Predictions, column: number): number | undefined {
  const { outputs, labels, outputSize } = predictions;
  const rows: number[] = [];
  for (let i = column; i < labels.length; i += outputSize) {
    if (!Number.isNaN(labels[i]!)) rows.push(i);
  }
  const total = variance(rows, (i) => labels[i]!);
  if (rows.length === 0 || total === 0) return undefined;
  return 1 - variance(rows, (i) => labels[i]! - outputs[i]!) / total;
}

/** In two passes: the one-pass formula cancels where the mean is large. */
function variance(rows: readonly number[], value: (row: number) => number): number {
  let sum = 0;
  for (const row of rows) sum += value(row);
  const mean = sum / rows.length;
  let squares = 0;
  for (const row of rows) squares += (value(row) - mean) ** 2;
  return squares / rows.length;
}
