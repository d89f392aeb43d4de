// Gradient clipping of one block, in flat and in tensor form. Clipping by norm needs the whole
// gradient, so a rule that uses it costs a barrier; who waits is not decided here.

import * as tf from "@tensorflow/tfjs";

/** Each component into [-limit, limit], in place; NaN stays NaN. */
export function clipByValue(gradient: Float32Array, limit: number): void {
  for (let i = 0; i < gradient.length; i++) {
    const g = gradient[i]!;
    if (g > limit) gradient[i] = limit;
    else if (g < -limit) gradient[i] = -limit;
  }
}

/** Euclidean norm: squares summed in double precision, from the first to the last. */
export function globalNorm(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  return Math.sqrt(sum);
}

/**
 * Scales the gradient down, in place, to a Euclidean norm of at most `limit`: g min(1, limit / |g|)
 * (Pascanu, Mikolov & Bengio, On the difficulty of training recurrent neural networks, 2013,
 * Algorithm 1). Nothing is added to the norm, as PyTorch does, so a norm of exactly `limit` is left
 * alone.
 *
 * @returns The norm before; not finite where the gradient was not, which is then left as it is.
 */
export function clipByGlobalNorm(gradient: Float32Array, limit: number): number {
  const norm = globalNorm(gradient);
  if (!(norm > limit) || norm === Number.POSITIVE_INFINITY) return norm;
  const scale = limit / norm;
  for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! * scale;
  return norm;
}

/** {@link clipByValue} on the device; borrows the gradients, the caller disposes the new ones. */
export function clipTensorsByValue(gradients: readonly tf.Tensor[], limit: number): tf.Tensor[] {
  return tf.tidy(() =>
    gradients.map((gradient) => keepingNaN(gradient, tf.clipByValue(gradient, -limit, limit))),
  );
}

/**
 * {@link clipByGlobalNorm} on the device, over all gradients as one vector, without reading
 * anything back; in single precision, so squares overflow at norms near 1e19. Borrows the
 * gradients, the caller disposes the new ones.
 */
export function clipTensorsByGlobalNorm(
  gradients: readonly tf.Tensor[],
  limit: number,
): tf.Tensor[] {
  if (gradients.length === 0) return [];
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    // limit / 0 is infinite, and the minimum 1.
    const scale = keepingNaN(norm, tf.minimum(1, tf.div(limit, norm)));
    return gradients.map((gradient) => tf.mul(gradient, scale));
  });
}

/**
 * `result`, but NaN where `of` is: the wasm backend's minimum and clip make a number of NaN, and a
 * broken gradient would pass for a sound one.
 */
function keepingNaN(of: tf.Tensor, result: tf.Tensor): tf.Tensor {
  return tf.where(tf.isNaN(of), of, result);
}
