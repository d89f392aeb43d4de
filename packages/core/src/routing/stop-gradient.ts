// Values that the backward pass goes round: tfjs has no operator for it.

import * as tf from "@tensorflow/tfjs";

/** The tensor that `run` makes, as a constant: nothing is recorded of how it came about. */
export function stopGradient(run: () => tf.Tensor): tf.Tensor {
  return tf.customGrad(() => ({ value: run(), gradFunc: () => [] }))();
}

/**
 * The straight-through estimator (Bengio, Leonard & Courville, Estimating or propagating gradients through
 * stochastic neurons, 2013): the value of `hard`, the gradient of `soft`.
 *
 * @param hard - One number per element of `soft`; copied.
 */
export function straightThrough<T extends tf.Tensor>(soft: T, hard: readonly number[]): T {
  const { shape } = soft;
  const through = tf.customGrad(() => ({
    value: tf.tensor([...hard], shape),
    gradFunc: (dy: tf.Tensor) => dy,
  }));
  return through(soft) as T;
}
