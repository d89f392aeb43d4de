// The block gradients that alternate training is made of: of the trunk with frozen heads, of heads with
// a frozen trunk, and of both at once. A frozen block runs in inference mode and nothing is computed for
// it; no pass changes a weight or a statistic.
// Notation: w_0 trunk, w_k head k, l_k loss of task k, a_k = weight of its batch, B = samples, M = tasks of
// the batches.

import * as tf from "@tensorflow/tfjs";
import { captureStatistics } from "./batch-norm.ts";
import { type Block, readFlat } from "./block.ts";
import { differentiate, keeping, type Recording, record } from "./differentiate.ts";
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
  /** What is added to the task's loss and depends on its head's parameters alone; null where nothing is. */
  penalty?: () => tf.Scalar | null;
}

/** A task's part of a step: its labels and the trunk's input, `[B, ...inputShape]`. */
export type TaskBatch = HeadBatch & TaskInputs;

/** A step's forward pass. Gradients follow once the tasks' weights are known, as often as they are wanted. */
export interface StepPass {
  /** l_k by task, without a_k. */
  readonly losses: Record<string, number>;
  /** What the trunk's statistics would become; null where it has none. */
  readonly statistics: Float32Array | null;
  /** sum_k alpha_k a_k grad_{w_0} l_k, `[P]` in the order of the trunk's layout, for `alphas` `[M]`. */
  trunk(alphas: readonly number[]): Float32Array;
  /** Frees the tape and what was not taken. */
  dispose(): void;
}

/** What one head moves by. */
export interface HeadMotion {
  /** alpha_k a_k grad_{w_k} l_k, in the order of the head's layout; the caller disposes. */
  gradients: tf.Tensor[];
  /** What the head's statistics would become, null where it has none; the caller disposes. */
  statistics: tf.Tensor[] | null;
}

/** A step's forward pass with heads in training mode too. */
export interface JointPass extends StepPass {
  /** By task, for `alphas` `[M]`. To be called once: the statistics go with it. */
  heads(alphas: readonly number[]): Record<string, HeadMotion>;
  /** `trunk` and `heads` of the same weights, for the price of one backward pass. */
  both(alphas: readonly number[]): { trunk: Float32Array; heads: Record<string, HeadMotion> };
}

export interface HeadGradient extends HeadMotion {
  /** l_k without a_k; the caller disposes. */
  loss: tf.Scalar;
}

/**
 * Forward pass for the gradient of sum_k alpha_k a_k l_k(w_0, w_k) in the trunk w_0, heads frozen: the shared
 * phase of ATE-SG. Linear in the tasks, so that gradients of shards add up, to rounding, to that of all
 * tasks; only batch norm in a trunk whose tasks have inputs of their own normalises over the rows of the
 * tasks at hand.
 *
 * @param batches - At most one per task. Inputs that are the same tensor object pass the trunk once.
 */
export function sharedPass(
  network: Network,
  batches: readonly TaskBatch[],
  draws: StepDraws,
): StepPass {
  return passOf(network, { batches, draws, heads: [] });
}

/**
 * Forward pass for the gradients in the trunk and in the heads of the batches' tasks, all at the same w: the
 * joint step of plain stochastic gradient. Heads are in training mode too.
 */
export function jointPass(
  network: Network,
  batches: readonly TaskBatch[],
  draws: StepDraws,
): JointPass {
  return passOf(network, { batches, draws, heads: batches.map(({ task }) => network.head(task)) });
}

/**
 * l_k by task at the present weights, as a pass with these draws would have them; nothing is differentiated.
 *
 * @param headsTrain - Heads in training mode, as in a joint step.
 */
export function stepLosses(
  network: Network,
  batches: readonly TaskBatch[],
  { draws, headsTrain }: { draws: StepDraws; headsTrain: boolean },
): Record<string, number> {
  const heads = headsTrain ? batches.map(({ task }) => network.head(task)) : [];
  const blocks = [network.trunk, ...heads].map((part) => part.block);
  const { result, proposals } = captureStatistics(blocks, () =>
    tf.tidy(() => tf.stack(lossesOf(network, { batches, draws, heads })) as tf.Tensor1D),
  );
  const losses = namedLosses(batches, result);
  tf.dispose([result, ...proposals.flatMap((proposal) => proposal ?? [])]);
  return losses;
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

interface PassTerms {
  batches: readonly TaskBatch[];
  draws: StepDraws;
  /** Of all batches, or none. */
  heads: readonly NetworkPart[];
}

function passOf(network: Network, terms: PassTerms): JointPass {
  const { batches, heads } = terms;
  const { recording, proposals } = forwardPass(network, terms);
  const { layout, variables } = network.trunk.block;
  const [trunkProposal, ...headProposals] = proposals;
  const untaken = new Set(headProposals);
  const backward = (alphas: readonly number[], wanted: readonly tf.Variable[]) =>
    weighted(recording, { batches, alphas, penalised: heads.length > 0 }, wanted);
  const readTrunk = (gradients: tf.Tensor[]) => {
    const flat = readFlat(gradients, new Float32Array(layout.length));
    tf.dispose(gradients);
    return flat;
  };
  const motions = (gradients: tf.Tensor[]) => {
    const split = splitByBlock(gradients, heads);
    untaken.clear();
    const named = batches.map(({ task }, k) => {
      return [task, { gradients: split[k]!, statistics: headProposals[k]! }] as const;
    });
    return Object.fromEntries(named);
  };
  const headVariables = heads.flatMap(({ block }) => block.variables);
  return {
    losses: namedLosses(batches, recording.values),
    statistics: takeStatistics(network.trunk.block, trunkProposal ?? null),
    trunk: (alphas) => readTrunk(backward(alphas, variables)),
    heads: (alphas) => motions(backward(alphas, headVariables)),
    both(alphas) {
      const gradients = backward(alphas, [...variables, ...headVariables]);
      const own = gradients.splice(variables.length);
      return { trunk: readTrunk(gradients), heads: motions(own) };
    },
    dispose() {
      recording.dispose();
      for (const proposal of untaken) tf.dispose(proposal ?? []);
      untaken.clear();
    },
  };
}

/** Records losses, then penalties where heads train, as one vector. */
function forwardPass(
  network: Network,
  terms: PassTerms,
): { recording: Recording; proposals: (tf.Tensor[] | null)[] } {
  const { batches, heads } = terms;
  const blocks = [network.trunk, ...heads].map((part) => part.block);
  const values = () => {
    const losses = lossesOf(network, terms);
    const penalties = heads.length > 0 ? batches.map((batch) => penaltyOf(batch)) : [];
    return [...losses, ...penalties];
  };
  const { result, proposals } = captureStatistics(blocks, () => record(values));
  return { recording: result, proposals };
}

function lossesOf(network: Network, { batches, draws, heads }: PassTerms): tf.Scalar[] {
  const features = trainingFeatures(network, batches, draws);
  return batches.map((batch, k) => {
    const head = heads[k];
    const output =
      head === undefined
        ? headOutput(network.head(batch.task), features[k]!, false)
        : trainingOutput(head, batch.task, features[k]!, draws);
    return lossOf(batch, output);
  });
}

function penaltyOf({ penalty }: HeadBatch): tf.Scalar {
  return penalty?.() ?? tf.scalar(0);
}

/** A penalty is a part of its task's loss, whatever the loss is weighted by. */
function weighted(
  recording: Recording,
  terms: { batches: readonly TaskBatch[]; alphas: readonly number[]; penalised: boolean },
  variables: readonly tf.Variable[],
): tf.Tensor[] {
  const { batches, alphas, penalised } = terms;
  const weights = batches.map(({ weight }, k) => alphas[k]! * weight);
  const all = penalised ? [...weights, ...batches.map(() => 1)] : weights;
  return recording.gradients(all, variables);
}

function splitByBlock(gradients: tf.Tensor[], parts: readonly NetworkPart[]): tf.Tensor[][] {
  let from = 0;
  return parts.map(({ block }) => {
    const to = from + block.variables.length;
    const own = gradients.slice(from, to);
    from = to;
    return own;
  });
}

/** l_k of a batch from its task's outputs. */
export function lossOf(
  { loss, labels, sampleWeights, divisor }: HeadBatch,
  output: tf.Tensor,
): tf.Scalar {
  return loss(labels, output, {
    ...(sampleWeights && { sampleWeights }),
    ...(divisor !== undefined && { divisor }),
  });
}

/** Reads what the statistics would become and frees it. */
function takeStatistics({ layout }: Block, proposal: tf.Tensor[] | null): Float32Array | null {
  if (proposal === null) return null;
  const statistics = readFlat(proposal, new Float32Array(layout.statisticsLength));
  tf.dispose(proposal);
  return statistics;
}

/** One read for all tasks: on a GPU each read waits for the device. */
function namedLosses(batches: readonly TaskBatch[], losses: tf.Tensor1D): Record<string, number> {
  const values = losses.dataSync();
  return Object.fromEntries(batches.map(({ task }, k) => [task, values[k]!]));
}
