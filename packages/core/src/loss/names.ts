// What a loss is: its names and its type. The formulas are in one file per loss, the table that
// says what labels each one wants in `registry.ts`. Letters: B = samples of a batch, D = outputs of
// a head.

import type * as tf from "@tensorflow/tfjs";

export const lossNames = [
  "softmaxCrossEntropy",
  "sigmoidCrossEntropy",
  "meanSquaredError",
  "meanAbsoluteError",
  "huber",
] as const;

export type LossName = (typeof lossNames)[number];

/**
 * A loss before the mean is taken: one term per sample `[B]` or per output `[B, D]`. Borrows
 * `labels` (float32, never NaN: missing ones are replaced by 0 and their terms dropped) and
 * `outputs` `[B, D]`; runs inside a `tf.tidy`. Gradients are taken with respect to `outputs` only.
 */
export type LossFunction = (labels: tf.Tensor, outputs: tf.Tensor) => tf.Tensor;

/**
 * What the numbers of a label are: a class (its index, or a row of probabilities), a probability in
 * [0, 1] per output, a real number per output, or whatever a user's function reads.
 */
export type LabelKind = "class" | "binary" | "real" | "any";
