// Gradients by position and without tfjs's surprises: a variable that the scalar does not
// depend on has a zero gradient instead of none, and an exception inside leaves no tensors behind.

import * as tf from "@tensorflow/tfjs";

/** A forward pass whose backward passes come later, and as many of them as are wanted. */
export interface Recording {
  /** The recorded scalars, `[n]`. Disposed with the recording. */
  readonly values: tf.Tensor1D;
  /**
   * Reverse-mode gradient of `sum_k weights[k] values[k]` for `variables` only, in their order and with their
   * shapes. What others would need is not computed, nor anything for values of weight 0. The caller
   * disposes it. Variables may not have been assigned since.
   */
  gradients(weights: readonly number[], variables: readonly tf.Variable[]): tf.Tensor[];
  dispose(): void;
}

/** What tfjs keeps of each operation; its backward function holds `saved` by itself. */
type Tape = NonNullable<ReturnType<typeof tf.engine>["state"]["activeTape"]>;

/**
 * Runs `f` and keeps its tape. tfjs has the forward and the backward pass in one call; here that call is
 * given an empty pass at first and the kept tape afterwards.
 */
export function record(f: () => readonly tf.Scalar[]): Recording {
  const { state } = tf.engine();
  let tape: Tape = [];
  const values = withoutPath(() => {
    const result = tf.stack([...f()]) as tf.Tensor1D;
    tape = state.activeTape;
    state.activeTape = [];
    return result;
  });
  return {
    values,
    gradients: (weights, variables) => backward(tape, { values, weights, variables }),
    dispose() {
      for (const { saved } of tape) tf.dispose(saved ?? []);
      tf.dispose(values);
      tape = [];
    },
  };
}

/** tfjs wants a variable to differentiate for, and allows that nothing leads to it. */
function withoutPath<T extends tf.Tensor>(f: () => T): T {
  const nothing = tf.zeros([0]);
  try {
    return tf.engine().gradients(f, [nothing], undefined, true).value;
  } catch (error) {
    releaseTape();
    throw error;
  } finally {
    nothing.dispose();
  }
}

interface BackwardTerms {
  values: tf.Tensor1D;
  weights: readonly number[];
  variables: readonly tf.Variable[];
}

function backward(tape: Tape, { values, weights, variables }: BackwardTerms): tf.Tensor[] {
  if (variables.length === 0) return [];
  const engine = tf.engine();
  const copy = replayed(tape, values, weights);
  const replay = () => {
    engine.state.activeTape = copy;
    return values;
  };
  const vector = tf.tensor1d([...weights], "float32");
  // `true`: variables without a path are allowed.
  const { grads } = engine.gradients(replay, [...variables], vector, true);
  vector.dispose();
  return variables.map((variable, i) => grads[i] ?? tf.zerosLike(variable));
}

/**
 * A copy for one backward pass. tfjs disposes what its tape saved; a copy that names nothing saved leaves it
 * for the next time. Where the values come together, those of weight 0 are left out: zeros would be driven
 * through all that they depend on, and 0 times an infinite slope is not 0.
 */
function replayed(tape: Tape, values: tf.Tensor1D, weights: readonly number[]): Tape {
  return tape.map((node) => {
    const isLast = node.outputs.some(({ id }) => id === values.id);
    if (!isLast) return { ...node, saved: [] };
    const wanted = Object.entries(node.inputs).filter(([k]) => weights[Number(k)] !== 0);
    return { ...node, inputs: Object.fromEntries(wanted), saved: [] };
  });
}

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
  const recording = record(() => [f()]);
  try {
    const gradients = recording.gradients([1], variables);
    return { value: tf.tidy(() => tf.reshape(recording.values, []) as tf.Scalar), gradients };
  } finally {
    recording.dispose();
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
