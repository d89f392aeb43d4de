// Gradients by position and without tfjs's surprises: a variable that the scalar does not
// depend on has a zero gradient instead of none, and an exception inside leaves no tensors behind.

import * as tf from "@tensorflow/tfjs";

/** A forward pass whose backward passes come later, and as many of them as are wanted. */
export interface Recording<T extends tf.Tensor> {
  /** Disposed with the recording. */
  readonly value: T;
  /**
   * Reverse-mode gradient of `sum(value * weights)` for `variables` only, in their order and with their
   * shapes; what others would need is not computed. The caller disposes it. Borrows `weights`, which have
   * the shape of `value`. Variables may not have been assigned since.
   */
  gradients(weights: tf.Tensor, variables: readonly tf.Variable[]): tf.Tensor[];
  dispose(): void;
}

/** What tfjs keeps of each operation; its backward function holds `saved` by itself. */
type Tape = NonNullable<ReturnType<typeof tf.engine>["state"]["activeTape"]>;

/**
 * Runs `f` and keeps its tape. tfjs has the forward and the backward pass in one call, with one vector of
 * weights; here that call is given an empty pass at first and the kept tape afterwards.
 */
export function record<T extends tf.Tensor>(f: () => T): Recording<T> {
  const { state } = tf.engine();
  let tape: Tape = [];
  const value = withoutPath(() => {
    const result = f();
    tape = state.activeTape;
    state.activeTape = [];
    return result;
  });
  return {
    value,
    gradients: (weights, variables) => backward(tape, { value, weights, variables }),
    dispose() {
      for (const { saved } of tape) tf.dispose(saved ?? []);
      tf.dispose(value);
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

function backward(
  tape: Tape,
  terms: { value: tf.Tensor; weights: tf.Tensor; variables: readonly tf.Variable[] },
): tf.Tensor[] {
  const { value, weights, variables } = terms;
  if (variables.length === 0) return [];
  const engine = tf.engine();
  // tfjs disposes what its tape saved; a copy that names nothing saved leaves it for the next time.
  const copy = tape.map((node) => ({ ...node, saved: [] }));
  const replay = () => {
    engine.state.activeTape = copy;
    return value;
  };
  // `true`: variables without a path are allowed.
  const { grads } = engine.gradients(replay, [...variables], weights, true);
  return variables.map((variable, i) => grads[i] ?? tf.zerosLike(variable));
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
  const recording = record(f);
  const one = tf.ones([]);
  try {
    const gradients = recording.gradients(one, variables);
    return { value: recording.value.clone(), gradients };
  } finally {
    one.dispose();
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
