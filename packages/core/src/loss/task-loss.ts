// The loss of one task on one batch, l_k: the mean of a loss over the labels that are there.
// Knows nothing of networks, of other tasks, or of the weight lambda_k.
// Letters: B = samples of a batch, D = outputs, L = label elements of a sample.

import * as tf from "@tensorflow/tfjs";
import type { LossFunction, LossName } from "./names.ts";
import { type LossChoice, lossOf } from "./registry.ts";

export interface TaskLossOptions extends LossChoice {
  /** Whether labels can be missing (NaN); without it no mask is computed. @default false */
  missingLabels?: boolean | undefined;
}

export interface TaskLossExtra {
  /** Weight of each sample `[B]`; multiplies its terms and does not enter the divisor. */
  sampleWeights?: tf.Tensor1D | undefined;
  /**
   * What the sum is divided by, where these samples are a slice of a larger batch.
   * @default the number of unmasked terms in this batch, at least 1
   */
  divisor?: number | undefined;
}

/** Borrows all tensors; the caller disposes the scalar. */
export type TaskLoss = (labels: tf.Tensor, outputs: tf.Tensor, extra?: TaskLossExtra) => tf.Scalar;

/**
 * Loss of one task:
 *
 *     l_k = sum_i w_i l_i / max(1, number of unmasked i)
 *
 * where i runs over the terms of the loss (samples, or samples times outputs) and w_i is the weight
 * of the term's sample. Weights, of samples and of classes, multiply and do not enter the divisor
 * (the convention of Keras; PyTorch's class weights do enter it). A NaN label is missing: its term
 * and its gradient are exactly zero. A row of probabilities is missing as a whole when one of its
 * elements is.
 *
 * Labels are given the outputs' shape where their sizes agree: `[B]` fits outputs `[B, 1]`.
 */
export function taskLoss(options: TaskLossOptions): TaskLoss {
  const loss = lossOf(options);
  const reduce = options.missingLabels ? masked : unmasked;
  return (labels, outputs, extra = {}) =>
    tf.tidy(() => reduce(loss, fitLabels(labels, outputs), outputs, extra));
}

/**
 * Label elements that stand behind one term of the loss: 1, but D where labels are rows of
 * probabilities, or what a user's function makes of them. Found by a trial on zeros.
 *
 * @param labelShape - Shape of one sample's label, without the batch axis; so `outputShape`.
 */
export function labelsPerTerm(
  loss: LossName | LossFunction,
  labelShape: readonly number[],
  outputShape: readonly number[],
): number {
  return tf.tidy(() => {
    const labels = tf.zeros([1, ...labelShape]);
    const outputs = tf.zeros([1, ...outputShape]);
    return labels.size / lossOf({ loss })(fitLabels(labels, outputs), outputs).size;
  });
}

/**
 * Number of unmasked terms behind `labels`: the divisor of {@link taskLoss}, for a batch that is
 * worked on in slices. May be 0, where the loss itself divides by 1.
 *
 * @param labels - `[B, L]`, NaN where missing.
 * @param perTerm - As {@link labelsPerTerm} gives it; a term with any NaN is missing.
 */
export function unmaskedCount(labels: Float32Array, perTerm = 1): number {
  let count = 0;
  for (let start = 0; start < labels.length; start += perTerm) {
    let there = 1;
    for (let i = start; i < start + perTerm; i++) if (Number.isNaN(labels[i])) there = 0;
    count += there;
  }
  return count;
}

type Reduction = (
  loss: LossFunction,
  labels: tf.Tensor,
  outputs: tf.Tensor,
  extra: TaskLossExtra,
) => tf.Scalar;

const unmasked: Reduction = (loss, labels, outputs, { sampleWeights, divisor }) => {
  const terms = loss(labels, outputs);
  return tf.div(tf.sum(weigh(terms, sampleWeights)), divisor ?? Math.max(1, terms.size));
};

const masked: Reduction = (loss, labels, outputs, { sampleWeights, divisor }) => {
  const missing = tf.isNaN(labels);
  // NaN must not reach the loss at all: 0 times NaN is NaN, in the backward pass too.
  const terms = loss(tf.where(missing, tf.zerosLike(labels), labels), outputs);
  const dropped = missingTerms(missing, terms);
  const kept = tf.where(dropped, tf.zeros(terms.shape), terms);
  const count = divisor ?? tf.maximum(1, tf.sum(tf.cast(tf.logicalNot(dropped), "float32")));
  return tf.div(tf.sum(weigh(kept, sampleWeights)), count);
};

function weigh(terms: tf.Tensor, sampleWeights: tf.Tensor1D | undefined): tf.Tensor {
  if (sampleWeights === undefined) return terms;
  return tf.mul(terms, sampleWeights.reshape([-1, ...terms.shape.slice(1).fill(1)]));
}

function missingTerms(missing: tf.Tensor, terms: tf.Tensor): tf.Tensor {
  if (missing.size === terms.size) return missing.reshape(terms.shape);
  return tf.any(missing.reshape([terms.size, -1]), 1).reshape(terms.shape);
}

function fitLabels(labels: tf.Tensor, outputs: tf.Tensor): tf.Tensor {
  if (labels.size === outputs.size) return labels.reshape(outputs.shape);
  const terms = outputs.shape.slice(0, -1);
  return labels.size === tf.util.sizeFromShape(terms) ? labels.reshape(terms) : labels;
}
