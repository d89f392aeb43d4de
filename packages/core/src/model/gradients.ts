// The block gradients that alternate training is made of: of the trunk with frozen heads, of heads with
// a frozen trunk, and of both at once. A frozen block runs in inference mode and nothing is computed for
// it; no pass changes a weight or a statistic.
// Notation: w_0 trunk, w_k head k, l_k loss of task k, a_k = its weight (lambda_k alpha_k), B = samples.

import * as tf from "@tensorflow/tfjs";
import { captureStatistics } from "./batch-norm.ts";
import { readFlat } from "./block.ts";
import { differentiate, keeping } from "./differentiate.ts";
import {
  headOutput,
  type StepDraws,
  type TaskInputs,
  trainingFeatures,
  trainingOutput,
} from "./forward.ts";
import type { Network, NetworkPart } from "./network.ts";

/** Mean loss over the unmasked labels, or their sum over `divisor` where a batch is sliced. */
export type TaskLossFunction = (
  labels: tf.Tensor,
  outputs: tf.Tensor,
  extra?: { sampleWeights?: tf.Tensor1D; divisor?: number },
) => tf.Scalar;

/** Labels of one task in one step. All tensors are borrowed. */
export interface HeadBatch {
  task: string;
  /** `[B, ...labelShape]` */
  labels: tf.Tensor;
  /** `[B]` */
  sampleWeights?: tf.Tensor1D;
  /** a_k: scales the gradient, not the loss that is reported. */
  weight: number;
  loss: TaskLossFunction;
  /** Unmasked labels of the whole batch, where these are a slice of it. */
  divisor?: number;
}

/** A task's part of a step: its labels and the trunk's input, `[B, ...inputShape]`. */
export type TaskBatch = HeadBatch & TaskInputs;

export interface TrunkGradient {
  /** l_k by task, without a_k. */
  losses: Record<string, number>;
  /** sum_k a_k grad_{w_0} l_k, `[P]` in the order of the trunk's layout. */
  gradient: Float32Array;
  /** What the trunk's statistics would become; null where it has none. */
  statistics: Float32Array | null;
}

export interface JointGradient extends TrunkGradient {
  /** a_k grad_{w_k} l_k by task, in the order of the head's layout; the caller disposes. */
  headGradients: Record<string, tf.Tensor[]>;
  /** What each head's statistics would become, null where it has none; the caller disposes. */
  headStatistics: Record<string, tf.Tensor[] | null>;
}

export interface HeadGradient {
  /** l_k without a_k; the caller disposes. */
  loss: tf.Scalar;
  /** a_k grad_{w_k} l_k, in the order of the head's layout; the caller disposes. */
  gradients: tf.Tensor[];
  /** What the head's statistics would become, null where it has none; the caller disposes. */
  statistics: tf.Tensor[] | null;
}

/** One pass's results, still on the device. */
interface Pass {
  /** l_k, in the order of the batches. */
  losses: tf.Scalar[];
  gradients: tf.Tensor[];
  /** The trunk's, then one per head that trains. */
  statistics: (tf.Tensor[] | null)[];
}

/**
 * Gradient of sum_k a_k l_k(w_0, w_k) for the trunk w_0, heads frozen: the shared phase of ATE-SG. Linear
 * in the tasks, so that gradients of shards add up, to rounding, to that of all tasks; only batch norm in
 * a trunk whose tasks have inputs of their own normalises over the rows of the tasks at hand.
 *
 * @param batches - At most one per task. Inputs that are the same tensor object pass the trunk once.
 */
export function trunkGradient(
  network: Network,
  batches: readonly TaskBatch[],
  draws: StepDraws,
): TrunkGradient {
  return readTrunk(network, batches, sharedPass(network, batches, draws, []));
}

/**
 * Gradient of sum_k a_k l_k(w_0, w_k) for the trunk and for the heads of the batches' tasks, all at the
 * same w: the joint step of plain stochastic gradient. Heads are in training mode too.
 */
export function jointGradient(
  network: Network,
  batches: readonly TaskBatch[],
  draws: StepDraws,
): JointGradient {
  const heads = batches.map(({ task }) => network.head(task));
  const pass = sharedPass(network, batches, draws, heads);
  const headGradients: Record<string, tf.Tensor[]> = {};
  const headStatistics: Record<string, tf.Tensor[] | null> = {};
  let from = network.trunk.block.variables.length;
  batches.forEach(({ task }, i) => {
    const to = from + heads[i]!.block.variables.length;
    headGradients[task] = pass.gradients.slice(from, to);
    headStatistics[task] = pass.statistics[i + 1]!;
    from = to;
  });
  return { ...readTrunk(network, batches, pass), headGradients, headStatistics };
}

/**
 * Gradient of a_k l_k(w_0, w_k) for one head w_k from given features: a step of the head phase. The trunk
 * has no part in it, so that features may come from a cache.
 *
 * @param features - All outputs of the trunk, `[B, ...]` each; borrowed.
 */
export function headGradient(
  head: NetworkPart,
  features: readonly tf.Tensor[],
  batch: HeadBatch,
  draws: StepDraws,
): HeadGradient {
  return keeping((keep) => {
    let loss: tf.Scalar | undefined;
    const { result, proposals } = captureStatistics([head.block], () =>
      differentiate(() => {
        loss = keep(lossOf(batch, trainingOutput(head, batch.task, features, draws)));
        return tf.mul(loss, batch.weight);
      }, head.block.variables),
    );
    result.value.dispose();
    return { loss: loss!, gradients: result.gradients, statistics: proposals[0]! };
  });
}

/** Forward and backward pass for the trunk, and for `heads`: those of all batches, or none. */
function sharedPass(
  network: Network,
  batches: readonly TaskBatch[],
  draws: StepDraws,
  heads: readonly NetworkPart[],
): Pass {
  const blocks = [network.trunk, ...heads].map((part) => part.block);
  return keeping((keep) => {
    const losses: tf.Scalar[] = [];
    const weightedSum = () => {
      const features = trainingFeatures(network, batches, draws);
      const terms = batches.map((batch, i) => {
        const head = heads[i];
        const output =
          head === undefined
            ? headOutput(network.head(batch.task), features[i]!, false)
            : trainingOutput(head, batch.task, features[i]!, draws);
        const loss = keep(lossOf(batch, output));
        losses.push(loss);
        return tf.mul(loss, batch.weight) as tf.Scalar;
      });
      return tf.addN(terms);
    };
    const variables = blocks.flatMap((block) => block.variables);
    const { result, proposals } = captureStatistics(blocks, () =>
      differentiate(weightedSum, variables),
    );
    result.value.dispose();
    return { losses, gradients: result.gradients, statistics: proposals };
  });
}

function lossOf({ loss, labels, sampleWeights, divisor }: HeadBatch, output: tf.Tensor): tf.Scalar {
  return loss(labels, output, {
    ...(sampleWeights && { sampleWeights }),
    ...(divisor !== undefined && { divisor }),
  });
}

/** Reads the trunk's part of a pass and disposes it, with the losses. */
function readTrunk(network: Network, batches: readonly TaskBatch[], pass: Pass): TrunkGradient {
  const { layout, variables } = network.trunk.block;
  const gradients = pass.gradients.slice(0, variables.length);
  const proposal = pass.statistics[0]!;
  const gradient = readFlat(gradients, new Float32Array(layout.length));
  const statistics =
    proposal === null ? null : readFlat(proposal, new Float32Array(layout.statisticsLength));
  tf.dispose([...gradients, ...(proposal ?? [])]);
  return { losses: readLosses(batches, pass.losses), gradient, statistics };
}

/** One read for all tasks: on a GPU each read waits for the device. */
function readLosses(batches: readonly TaskBatch[], losses: tf.Scalar[]): Record<string, number> {
  const stacked = tf.stack(losses);
  const values = stacked.dataSync();
  tf.dispose([stacked, ...losses]);
  return Object.fromEntries(batches.map(({ task }, i) => [task, values[i]!]));
}
