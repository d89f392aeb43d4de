// Huber's loss: squared near zero, absolute far from it.

import * as tf from "@tensorflow/tfjs";
import { elementwise } from "./gradient.ts";
import type { LossFunction } from "./names.ts";

export interface HuberOptions {
  /** Error at which the square gives way to the line. @default 1 */
  delta?: number;
}

/**
 * Huber's loss (Huber, Robust Estimation of a Location Parameter, 1964), with d = z - y:
 *
 *     l = d^2 / 2                    where |d| <= delta
 *     l = delta (|d| - delta / 2)    elsewhere;      dl/dz = min(max(d, -delta), delta)
 *
 * @returns A loss that takes labels y and outputs z `[B, D]` and gives `[B, D]`.
 */
export function huber({ delta = 1 }: HuberOptions = {}): LossFunction {
  const value = (d: tf.Tensor) => {
    const size = tf.abs(d);
    const near = tf.minimum(size, delta);
    // delta |d| - delta^2 / 2 is near (|d| - near / 2) on both sides of the joint.
    return tf.mul(near, tf.sub(size, tf.mul(near, 0.5)));
  };
  const derivative = (d: tf.Tensor) => tf.clipByValue(d, -delta, delta);
  return (labels, outputs) => elementwise(tf.sub(outputs, labels), { value, derivative });
}
