// What a metric is: a pure function of the predictions of a task over a whole split. Sums run in
// double precision in the order of the samples, so a value does not depend on who computed which
// chunk. Letters: N = samples of the split, D = outputs, L = numbers of a label.

import type { LabelKind } from "../loss/names.ts";

/** Predictions over a whole split; metrics borrow them and change nothing. */
export interface Predictions {
  /** N. */
  size: number;
  /** `[N, D]`, row-major; logits where the loss takes logits. */
  outputs: Float32Array;
  /** D. */
  outputSize: number;
  /** `[N, L]`, row-major; NaN where missing. */
  labels: Float32Array;
  /** L. */
  labelSize: number;
  /**
   * What the labels are; tells rows of a one-hot class from rows of yes-or-no labels.
   * @default "any": a class where D >= 2, yes or no where D = 1
   */
  labelKind?: LabelKind;
}

/** Which way a metric improves. */
export type Direction = "higher" | "lower";

/**
 * Must be finite, so that it has a place in JSON: the metrics here give the value of a predictor
 * without skill where a split has no labels (accuracies, explained variance and errors 0, AUC 0.5).
 */
export interface Metric {
  (predictions: Predictions): number;
  /** Which values are better; a comparison of methods takes the loss in place of a metric that doesn't say. */
  readonly better?: Direction;
}

/** Whether labels name one class per sample, as an index or as a row. */
export function hasClasses({ labelKind = "any", outputSize }: Predictions): boolean {
  return outputSize >= 2 && (labelKind === "class" || labelKind === "any");
}

/** The class of sample n: its label, or the first largest of its row; NaN where missing. */
export function classOf({ labels, labelSize }: Predictions, n: number): number {
  const start = n * labelSize;
  if (labelSize === 1) return labels[start]!;
  let best = 0;
  for (let c = 0; c < labelSize; c++) {
    const value = labels[start + c]!;
    if (Number.isNaN(value)) return Number.NaN;
    if (value > labels[start + best]!) best = c;
  }
  return best;
}

/**
 * Mean over columns of what `measure` says about each, skipping those where it has no answer.
 *
 * @param fallback - The result where no column has an answer.
 */
export function meanOverColumns(
  columns: number,
  measure: (column: number) => number | undefined,
  fallback: number,
): number {
  let sum = 0;
  let count = 0;
  for (let column = 0; column < columns; column++) {
    const value = measure(column);
    if (value === undefined) continue;
    sum += value;
    count++;
  }
  return count === 0 ? fallback : sum / count;
}
