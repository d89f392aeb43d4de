// DSelect-k: each task picks at most k of n components through k selectors whose choice is smooth and, once
// made, exactly one-hot. No noise and no temperature.
// Letters: n = candidates, m = bits of a selector, z = selectors' numbers, a = their logits.

import * as tf from "@tensorflow/tfjs";
import { softmax } from "../method/softmax.ts";
import { checkOption } from "./check-option.ts";
import {
  type AllowedOption,
  type Choice,
  type Router,
  type RouterPlace,
  uniformArray,
} from "./router.ts";

export interface DselectKOptions extends AllowedOption {
  /** Components that a task ends with, at most. */
  k: number;
  /** g, width of the smooth step: outside (-g/2, g/2) a bit is decided. @default 1 */
  width?: number;
  /** Weight of the selectors' entropy in the loss. @default 1e-6 */
  entropyWeight?: number;
}

/** Held off logarithm and quotient of zero. */
const smallest = 1e-6;

/**
 * DSelect-k with one gate per task (Hazimeh et al., DSelect-k: Differentiable selection in the mixture of
 * experts, 2021, sections 3.1 and 3.2). With the smooth step
 *
 *     S(t) = 0 for t <= -g/2, 1 for t >= g/2, else -2 t^3 / g^3 + 3 t / (2 g) + 1/2
 *     r(z)_i = product over the m = ceil(log2 n) bits b of S(z_b) where bit b of i is 1, else 1 - S(z_b)
 *     w_i = sum_j softmax(a)_j r(z_j)_i,   layer(x) = sum_i w_i f_i(x)
 *
 * z starts uniform in (-g/100, g/100), a in (-0.05, 0.05). To the loss is added, for each selector,
 * entropyWeight times the entropy of r, and where n is no power of two also 1 / sum_i r_i, as in the authors'
 * code: it keeps selectors from codes that stand for no component.
 */
export function dselectK(options: DselectKOptions): Router {
  const { k, width = 1, entropyWeight = 1e-6, allowed } = options;
  const isCount = Number.isInteger(k) && k > 0;
  checkOption("dselectK.k", { isSound: isCount, should: "an integer of at least 1", found: k });
  checkOption("dselectK.width", { isSound: width > 0, should: "more than 0", found: width });
  const weightsOf = ([z, a]: readonly Float32Array[], place: RouterPlace) =>
    weightsIn(z!, a!, { ...place, k, width });
  return {
    kind: "dselectK",
    allowed,
    parameters: ({ candidates: n }) => [
      {
        name: "selectors",
        shape: [k, bitsFor(n)],
        initial: (draw) => uniformArray(draw, k * bitsFor(n), width / 100),
      },
      { name: "logits", shape: [k], initial: (draw) => uniformArray(draw, k, 0.05) },
    ],
    sample: (values, place) => ({
      present: weightsOf(values, place).map((weight) => weight > 0),
      weights: ([z, a]) => {
        const r = selected(z as tf.Tensor2D, { n: place.candidates, width });
        return tf.reshape(tf.matMul(tf.reshape(tf.softmax(a!), [1, k]), r), [place.candidates]);
      },
    }),
    choose: (values, place) => positive(weightsOf(values, place)),
    usage: weightsOf,
    penalty: ([z], { candidates: n }) => penaltyOf(z as tf.Tensor2D, { n, width, entropyWeight }),
  };
}

/** m: at least one, so that no parameter is without numbers. */
function bitsFor(n: number): number {
  return Math.max(1, Math.ceil(Math.log2(n)));
}

/** S, on tensors of any shape. */
export function smoothStep(t: tf.Tensor, width: number): tf.Tensor {
  const inside = tf.clipByValue(t, -width / 2, width / 2);
  const cubic = tf.mul(tf.mul(tf.square(inside), inside), -2 / width ** 3);
  return tf.add(tf.add(cubic, tf.mul(inside, 3 / (2 * width))), 0.5);
}

/** r `[k, n]` of z `[k, m]`. */
function selected(z: tf.Tensor2D, { n, width }: { n: number; width: number }): tf.Tensor2D {
  const [k, m] = z.shape;
  const on = smoothStep(z, width);
  let r = tf.ones([k, n]);
  for (let bit = 0; bit < m; bit++) {
    const isSet = tf.tensor2d(
      Array.from({ length: n }, (_, i) => (i >> bit) & 1),
      [1, n],
    );
    const s = tf.slice(on, [0, bit], [k, 1]);
    r = tf.mul(r, tf.add(tf.mul(isSet, s), tf.mul(tf.sub(1, isSet), tf.sub(1, s))));
  }
  return r as tf.Tensor2D;
}

function penaltyOf(
  z: tf.Tensor2D,
  { n, width, entropyWeight }: { n: number; width: number; entropyWeight: number },
): tf.Scalar {
  const r = selected(z, { n, width });
  const entropy = tf.neg(tf.sum(tf.mul(r, tf.log(tf.add(r, smallest)))));
  const weighted = tf.mul(entropy, entropyWeight) as tf.Scalar;
  if (n === 2 ** bitsFor(n)) return weighted;
  return tf.add(weighted, tf.sum(tf.div(1, tf.add(tf.sum(r, 1), smallest)))) as tf.Scalar;
}

/** The weights in double precision. */
function weightsIn(
  z: Float32Array,
  a: Float32Array,
  { candidates: n, k, width }: RouterPlace & { k: number; width: number },
): number[] {
  const m = z.length / k;
  const shares = softmax(a);
  return Array.from({ length: n }, (_, i) =>
    shares.reduce((sum, share, j) => {
      let r = 1;
      for (let bit = 0; bit < m; bit++) {
        const s = stepAt(z[j * m + bit]!, width);
        r *= (i >> bit) & 1 ? s : 1 - s;
      }
      return sum + share * r;
    }, 0),
  );
}

function stepAt(t: number, width: number): number {
  if (t <= -width / 2) return 0;
  if (t >= width / 2) return 1;
  return (-2 * t ** 3) / width ** 3 + (3 * t) / (2 * width) + 0.5;
}

/** Where every selector stands on a code of no component, the first is taken and nothing is divided by. */
function positive(weights: readonly number[]): Choice {
  const chosen = [...weights.keys()].filter((i) => weights[i]! > 0);
  if (chosen.length === 0) return { chosen: [0], combine: { kind: "mean" } };
  return { chosen, combine: { kind: "weighted", weights: chosen.map((i) => weights[i]!) } };
}
