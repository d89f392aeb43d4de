// Cross-entropy of a softmax with a class or a distribution over classes, from logits.
// Letters: B = samples, D = classes.

import * as tf from "@tensorflow/tfjs";
import type { LossFunction } from "./names.ts";

export interface SoftmaxCrossEntropyOptions {
  /** w `[D]`, the weight of each class. @default 1 each */
  classWeights?: readonly number[] | undefined;
}

/**
 * Softmax cross-entropy (Bishop, Pattern Recognition and Machine Learning, 2006, eq. 4.108):
 *
 *     l_b = - sum_c w_c y_bc log p_bc
 *     log p_bc = z_bc - max_j z_bj - log sum_j exp(z_bj - max_j z_bj)
 *
 * with gradient p - y where the w are 1 and y sums to 1.
 *
 * @returns A loss that takes logits z `[B, D]` and labels y: class indices `[B]`, or one-hot rows
 *   or probabilities `[B, D]`; and gives `[B]`.
 */
export function softmaxCrossEntropy(options: SoftmaxCrossEntropyOptions = {}): LossFunction {
  const { classWeights } = options;
  return (labels, outputs) => {
    const targets = labels.size === outputs.size ? labels : oneHot(labels, outputs);
    const weighted = classWeights ? tf.mul(targets, tf.tensor1d([...classWeights])) : targets;
    return tf.neg(tf.sum(tf.mul(weighted, tf.logSoftmax(outputs)), -1));
  };
}

function oneHot(labels: tf.Tensor, outputs: tf.Tensor): tf.Tensor {
  const depth = outputs.shape[outputs.rank - 1] as number;
  const indices = tf.cast(labels, "int32").reshape(outputs.shape.slice(0, -1));
  // Cast afterwards: asked for float32, the wasm kernel of tfjs 4.22 writes integers' bits into it.
  return tf.cast(tf.oneHot(indices as tf.Tensor1D, depth), "float32");
}
