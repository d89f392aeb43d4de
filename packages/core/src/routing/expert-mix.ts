// Experts' outputs side by side, and their mean by a gate, as plain tfjs layers.
// Letters: B = samples, E = experts, U = an expert's outputs, D = numbers of the gate's input.

import * as tf from "@tensorflow/tfjs";

type Tensor = tf.SymbolicTensor;

/** `[B, U]` each to `[B, E, U]`. */
export function stackRows(outputs: readonly Tensor[]): Tensor {
  const rows = outputs.map((output) => {
    const units = output.shape.at(-1)!;
    return tf.layers.reshape({ targetShape: [1, units] }).apply(output) as Tensor;
  });
  return joinStacks(rows);
}

/** `[B, E_1, U]`, `[B, E_2, U]`, … to `[B, E_1 + E_2 + …, U]`. */
export function joinStacks(stacks: readonly Tensor[]): Tensor {
  if (stacks.length === 1) return stacks[0]!;
  return tf.layers.concatenate({ axis: 1 }).apply([...stacks]) as Tensor;
}

/** `[B, U]`: sum_i softmax(x W)_i stack_i, with x `[B, D]` and a W of its own. */
export function gatedMix(stack: Tensor, x: Tensor): Tensor {
  const gate = tf.layers.dense({ units: stack.shape[1]!, activation: "softmax", useBias: false });
  return tf.layers.dot({ axes: 1 }).apply([gate.apply(x) as Tensor, stack]) as Tensor;
}
