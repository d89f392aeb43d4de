// Weight decay as a term of the gradient (L2), for the optimizers that take it so.

import * as tf from "@tensorflow/tfjs";

/** g + decay * theta; `gradient` itself where there is no decay. Caller disposes, or tidies. */
export function withDecay(gradient: tf.Tensor, parameter: tf.Tensor, decay: number): tf.Tensor {
  return decay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, decay));
}
