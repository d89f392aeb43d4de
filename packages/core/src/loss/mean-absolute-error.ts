// Absolute error, the regression loss that large errors do not dominate.

import * as tf from "@tensorflow/tfjs";
import { elementwise } from "./gradient.ts";
import type { LossFunction } from "./names.ts";

/**
 * Absolute error `|y - z|`; its gradient is sign(z - y), and 0 at z = y (tfjs's own `abs` has -1
 * there, which would move a head that fits exactly). Takes labels and outputs `[B, D]`, gives `[B,
 * D]`.
 */
export const meanAbsoluteError: LossFunction = (labels, outputs) =>
  elementwise(tf.sub(outputs, labels), { value: tf.abs, derivative: (x) => tf.sign(x) });
