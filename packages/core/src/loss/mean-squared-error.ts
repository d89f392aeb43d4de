// Squared error, the regression loss of a Gaussian.

import * as tf from "@tensorflow/tfjs";
import type { LossFunction } from "./names.ts";

/**
 * Squared error `(y - z)^2`, without the factor 1/2 that textbooks add; its gradient is 2 (z - y).
 * Takes labels and outputs `[B, D]`, gives `[B, D]`; the mean is taken over all unmasked labels.
 */
export const meanSquaredError: LossFunction = (labels, outputs) =>
  tf.squaredDifference(labels, outputs);
