// Cross-entropy of independent yes-or-no outputs, from logits.
// Letters: B = samples, D = outputs.

import * as tf from "@tensorflow/tfjs";
import { elementwise } from "./gradient.ts";
import type { LossFunction } from "./names.ts";

export interface SigmoidCrossEntropyOptions {
  /** p, the weight of the positive term. @default 1 */
  positiveWeight?: number | undefined;
}

/**
 * Sigmoid cross-entropy (Bishop, Pattern Recognition and Machine Learning, 2006, eq. 4.90), with
 * s(z) = 1 / (1 + exp(-z)):
 *
 *     l = - p y log s(z) - (1 - y) log (1 - s(z)),   dl/dz = s(z) (1 + (p - 1) y) - p y
 *
 * computed from `-log s(z) = max(-z, 0) + log(1 + exp(-|z|))`, which neither overflows nor cancels.
 *
 * @returns A loss that takes logits z `[B, D]` and labels y in [0, 1] `[B, D]`, and gives `[B, D]`.
 */
export function sigmoidCrossEntropy(options: SigmoidCrossEntropyOptions = {}): LossFunction {
  const p = options.positiveWeight ?? 1;
  return (labels, outputs) => {
    const value = (z: tf.Tensor) => (p === 1 ? plain(labels, z) : weighted(labels, z, p));
    const derivative = (z: tf.Tensor, [y]: readonly tf.Tensor[]) => slope(y as tf.Tensor, z, p);
    return elementwise(outputs, { value, derivative }, [labels]);
  };
}

/** log(1 + exp(-|z|)): what both terms share. */
function tail(z: tf.Tensor): tf.Tensor {
  return tf.log1p(tf.exp(tf.neg(tf.abs(z))));
}

function plain(y: tf.Tensor, z: tf.Tensor): tf.Tensor {
  return tf.add(tf.sub(tf.relu(z), tf.mul(z, y)), tail(z));
}

function weighted(y: tf.Tensor, z: tf.Tensor, p: number): tf.Tensor {
  const rest = tail(z);
  const positive = tf.mul(tf.mul(y, p), tf.add(tf.relu(tf.neg(z)), rest));
  return tf.add(positive, tf.mul(tf.sub(1, y), tf.add(tf.relu(z), rest)));
}

function slope(y: tf.Tensor, z: tf.Tensor, p: number): tf.Tensor {
  if (p === 1) return tf.sub(tf.sigmoid(z), y);
  return tf.sub(tf.mul(tf.sigmoid(z), tf.add(1, tf.mul(y, p - 1))), tf.mul(y, p));
}
