// A step of the head phase where the trunk has routed layers: the trunk is frozen, but the way through it
// belongs to the task and learns with the head, so that the trunk runs inside the differentiated function.

import * as tf from "@tensorflow/tfjs";
import { captureStatistics } from "../model/batch-norm.ts";
import { differentiate, keeping } from "../model/differentiate.ts";
import { frozenFeatures, type StepDraws, trainingOutput } from "../model/forward.ts";
import { type HeadBatch, type HeadGradient, lossOf } from "../model/gradients.ts";
import type { Network } from "../model/network.ts";

/**
 * Gradient of a_k l_k(w_0, w_k) and of the task's penalty for one head w_k, its router parameters included.
 * The trunk is in inference mode, with sampled routes; nothing is computed for its weights.
 *
 * @param inputs - Of the trunk, `[B, ...inputShape]`; borrowed.
 */
export function routedHeadGradient(
  network: Network,
  inputs: tf.Tensor,
  batch: HeadBatch,
  draws: StepDraws,
): HeadGradient {
  const { task, weight } = batch;
  const head = network.head(task);
  return keeping((keep) => {
    let loss: tf.Scalar | undefined;
    const objective = () => {
      const features = frozenFeatures(network, { task, inputs }, draws);
      const output = trainingOutput(head, task, features, draws);
      loss = keep(lossOf(batch, output));
      const weighted = tf.mul(loss, weight) as tf.Scalar;
      const penalty = batch.penalty?.() ?? null;
      return penalty === null ? weighted : (tf.add(weighted, penalty) as tf.Scalar);
    };
    const { result, proposals } = captureStatistics([head.block], () =>
      differentiate(objective, head.block.variables),
    );
    result.value.dispose();
    return { loss: loss!, gradients: result.gradients, statistics: proposals[0]! };
  });
}
