// Losses whose derivative is simpler than what differentiating their stable form would give.
// Writing it down saves kernels on every step and fixes the subgradient at kinks.

import * as tf from "@tensorflow/tfjs";

export interface Differentiable {
  value: (x: tf.Tensor) => tf.Tensor;
  /** Derivative of `value` at x, of the same shape; `constants` are those that were passed in. */
  derivative: (x: tf.Tensor, constants: readonly tf.Tensor[]) => tf.Tensor;
}

/**
 * Applies an elementwise function with a given derivative.
 *
 * @param constants - Tensors that the derivative reads; kept until the backward pass. No gradient
 *   flows into them.
 * @returns A tensor of the shape of `x`.
 */
export function elementwise(
  x: tf.Tensor,
  { value, derivative }: Differentiable,
  constants: readonly tf.Tensor[] = [],
): tf.Tensor {
  const apply = tf.customGrad((...inputs) => {
    // tfjs types the arguments as one list of tensors and the function that saves them.
    const [input, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    save([input, ...constants]);
    const gradFunc = (dy: tf.Tensor, [saved, ...rest]: tf.Tensor[]) =>
      tf.mul(dy, derivative(saved as tf.Tensor, rest));
    return { value: value(input), gradFunc };
  });
  return apply(x);
}
