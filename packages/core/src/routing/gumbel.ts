// Parameter allocation's router: one binary variable per task and component, drawn anew in each training
// pass, its probability learned through the Gumbel-Softmax straight-through estimator.
// Letters: l = logit, p = probability, s = soft sample, b = hard sample, tau = temperature, n = candidates.

import * as tf from "@tensorflow/tfjs";
import type { Random } from "../random/random.ts";
import { checkOption } from "./check-option.ts";
import type { AllowedOption, Choice, Router, RouterSample } from "./router.ts";
import { straightThrough } from "./stop-gradient.ts";

export interface GumbelOptions extends AllowedOption {
  /**
   * p0, probability of each component at the start, in (0, 1). 0.5 starts at random; 0.97 starts almost
   * fully shared and learns to separate.
   * @default 0.5
   */
  initial?: number;
}

/**
 * Learned allocation (Maziarz et al., Flexible multi-task networks by learning parameter allocation, 2019,
 * arXiv 1910.04915). A task uses component c with probability p_c = sigmoid(l_c). Each training pass draws
 *
 *     s_c = sigmoid((l_c + log u - log(1 - u)) / tau),   u ~ Uniform(0, 1)
 *     b_c = 1 where s_c >= 0.5, else 0
 *     w_c = b_c / max(sum b, 1),   layer(x) = sum_c w_c f_c(x)
 *
 * with the value of b and the gradient of s, the division inside the differentiated graph. One draw serves
 * the whole batch. Evaluation uses the components with p_c >= 0.5.
 *
 * Only the paper's abstract was at hand; this follows the authors' published code.
 *
 * Departures. One logit per component instead of two, whose difference it is: the samples have the same
 * distribution, and an optimizer that normalises its steps, as Adam, needs twice the published learning
 * rate. Where no component reaches 0.5, evaluation uses the likeliest, since a layer without any outputs
 * zero. u lies in the middle of its 32-bit interval instead of being held off 0 by a small constant.
 */
export function gumbel({ initial = 0.5, allowed }: GumbelOptions = {}): Router {
  const isSound = initial > 0 && initial < 1;
  checkOption("gumbel.initial", { isSound, should: "between 0 and 1", found: initial });
  const logit = Math.log(initial / (1 - initial));
  return {
    kind: "gumbel",
    allowed,
    parameters: ({ candidates: n }) => [
      { name: "logits", shape: [n], initial: () => new Float32Array(n).fill(logit) },
    ],
    sample: ([logits], _, { temperature, draw }) =>
      sampleWith(
        logits!,
        Array.from(logits!, () => logistic(draw)),
        temperature,
      ),
    choose: ([logits]) => likely(logits!),
    usage: ([logits]) => Array.from(logits!, sigmoid),
    probabilities: ([logits]) => tf.sigmoid(logits as tf.Tensor1D),
  };
}

/** One draw with given logistic noise, log u - log(1 - u), `[n]`. */
export function sampleWith(
  logits: Float32Array,
  noise: readonly number[],
  temperature: number,
): RouterSample {
  const present = noise.map((value, i) => logits[i]! + value >= 0);
  return {
    present,
    weights([variable]) {
      const soft = softSample(variable as tf.Tensor1D, noise, temperature);
      const b = straightThrough(soft, present.map(Number));
      return tf.div(b, tf.maximum(tf.sum(b), 1));
    },
  };
}

/** s = sigmoid((l + noise) / tau), `[n]`. */
export function softSample(
  logits: tf.Tensor1D,
  noise: readonly number[],
  temperature: number,
): tf.Tensor1D {
  return tf.sigmoid(tf.div(tf.add(logits, tf.tensor1d([...noise])), temperature));
}

function logistic(draw: Random): number {
  const u = (draw.uint32() + 0.5) / 2 ** 32;
  return Math.log(u) - Math.log(1 - u);
}

/** p >= 0.5 is a logit of at least zero; a tie counts as on. */
function likely(logits: Float32Array): Choice {
  const on = [...logits.keys()].filter((i) => logits[i]! >= 0);
  const largest = logits.indexOf(Math.max(...logits));
  return { chosen: on.length > 0 ? on : [Math.max(0, largest)], combine: { kind: "mean" } };
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
