// Joins the outputs of a routed layer's chosen components, in the very order of operations of the plain
// layers that an exported model has in its place (see `plain-route.ts`).
// Letters: B = samples, n = outputs.

import * as tf from "@tensorflow/tfjs";
import type { Combination } from "./router.ts";

/** Output `[B, ...]` from those of the chosen components; `x` is the layer's input. */
export function combine(how: Combination, outputs: readonly tf.Tensor[], x: tf.Tensor): tf.Tensor {
  if (how.kind === "gated") return gated(how, outputs, x);
  if (how.kind === "mean" && outputs.length > 1) return tf.mul(1 / outputs.length, sum(outputs));
  if (how.kind !== "weighted") return sum(outputs);
  return sum(outputs.map((output, i) => tf.mul(output, how.weights[i]!)));
}

function sum(outputs: readonly tf.Tensor[]): tf.Tensor {
  return outputs.reduce((total, output) => tf.add(total, output));
}

function gated(
  { kernel, bias }: Extract<Combination, { kind: "gated" }>,
  outputs: readonly tf.Tensor[],
  x: tf.Tensor,
): tf.Tensor {
  const rows = x.shape[0]!;
  const n = outputs.length;
  const flat = tf.reshape(x, [rows, -1]) as tf.Tensor2D;
  const logits = tf.add(tf.matMul(flat, tf.tensor(kernel, [flat.shape[1], n])), tf.tensor(bias));
  const gate = tf.reshape(tf.softmax(logits), [rows, 1, n]);
  const stacked = tf.stack(
    outputs.map((output) => tf.reshape(output, [rows, -1])),
    1,
  );
  return tf.reshape(tf.matMul(gate, stacked), outputs[0]!.shape);
}
