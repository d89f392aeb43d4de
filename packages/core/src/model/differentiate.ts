// Gradients of one scalar, by position and without tfjs's surprises: a variable that the scalar does not
// depend on has a zero gradient instead of none, and an exception inside leaves no tensors behind.

import * as tf from "@tensorflow/tfjs";

export interface Differentiated {
  value: tf.Scalar;
  /** In the order and with the shapes of the variables; the caller disposes. */
  gradients: tf.Tensor[];
}

/**
 * Reverse-mode gradient of `f` for `variables` only; the backward pass computes nothing for others.
 * `tf.variableGrads` goes by variable names and throws where no variable is reached.
 */
export function differentiate(
  f: () => tf.Scalar,
  variables: readonly tf.Variable[],
): Differentiated {
  if (variables.length === 0) return { value: tf.tidy(f), gradients: [] };
  const engine = tf.engine();
  try {
    // `undefined`: the scalar's own gradient is 1; `true`: variables without a path are allowed.
    const { value, grads } = engine.gradients(f, [...variables], undefined, true);
    const gradients = variables.map((variable, i) => grads[i] ?? tf.zerosLike(variable));
    return { value, gradients };
  } catch (error) {
    releaseTape();
    throw error;
  }
}

/** tfjs forgets an interrupted tape with all the tensors that it kept for the backward pass. */
function releaseTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const node of state.activeTape) tf.dispose(node.saved ?? []);
  state.activeTape = [];
}

/** Keeps tensors beyond the tidy scopes inside `run`; disposes them where `run` throws. */
export function keeping<T>(run: (keep: <K extends tf.Tensor>(tensor: K) => K) => T): T {
  const kept: tf.Tensor[] = [];
  try {
    return run((tensor) => {
      kept.push(tf.keep(tensor));
      return tensor;
    });
  } catch (error) {
    tf.dispose(kept);
    throw error;
  }
}
