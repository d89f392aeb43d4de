// What allocation adds to a task's loss: functions of that task's router parameters alone, so that each
// worker computes them for the tasks it has.
// Notation: p_{l,c} = probability of component c in layer l, N = how many there are over all layers.

import * as tf from "@tensorflow/tfjs";
import type { Network } from "../model/network.ts";
import type { ResolvedRouting } from "./settings.ts";

/**
 * The extra terms of one task's loss (Maziarz et al., 2019, and their published code):
 *
 *     budget      lambda_b max(0, sum p / N - B)
 *     entropy     lambda_e t^a sum H(p),   H(p) = -p log p - (1 - p) log(1 - p)
 *     disconnect  lambda_d sum_l prod_c (1 - p_{l,c})
 *     connection  lambda_c sum p
 *
 * and the regularisers of the task's routers themselves. Differentiable in the router parameters; null where
 * nothing is added.
 *
 * @param progress - t, the share of the run's steps that is done, in [0, 1].
 */
export function routingPenalty(network: Network, task: string, progress: number): tf.Scalar | null {
  const { routers } = network.head(task);
  const probabilities = routers.flatMap(({ layer, variables }) => {
    const p = layer.router.probabilities?.(variables);
    return p === undefined ? [] : [p];
  });
  const own = routers.map(({ layer, variables, place }) =>
    layer.router.penalty?.(variables, place),
  );
  const shared = allocationPenalty(probabilities, network.routing.settings, progress);
  const terms = [shared, ...own].filter((term): term is tf.Scalar => term != null);
  return terms.length === 0 ? null : tf.addN(terms);
}

/** The terms of allocation alone; `probabilities` has `[C]` per layer, borrowed. */
export function allocationPenalty(
  probabilities: readonly tf.Tensor1D[],
  settings: ResolvedRouting,
  progress: number,
): tf.Scalar | null {
  if (probabilities.length === 0) return null;
  const { budget, budgetWeight, disconnectWeight, connectionWeight } = settings;
  const entropyWeight = settings.entropyWeight * progress ** settings.entropyPower;
  const p = tf.concat1d([...probabilities]);
  const terms: tf.Tensor[] = [];
  if (budget !== undefined && budgetWeight > 0) {
    terms.push(tf.mul(tf.relu(tf.sub(tf.mean(p), budget)), budgetWeight));
  }
  if (entropyWeight > 0) terms.push(tf.mul(entropy(p), entropyWeight));
  if (disconnectWeight > 0) {
    const off = probabilities.map((layer) => tf.prod(tf.sub(1, layer)));
    terms.push(tf.mul(tf.addN(off), disconnectWeight));
  }
  if (connectionWeight > 0) terms.push(tf.mul(tf.sum(p), connectionWeight));
  return terms.length === 0 ? null : (tf.addN(terms) as tf.Scalar);
}

/** Holds log off zero, where the term it belongs to is zero anyway. */
const smallest = 1e-20;

/** sum H(p), in nats. */
function entropy(p: tf.Tensor1D): tf.Tensor {
  const half = (q: tf.Tensor) => tf.mul(q, tf.log(tf.add(q, smallest)));
  return tf.neg(tf.sum(tf.add(half(p), half(tf.sub(1, p)))));
}
