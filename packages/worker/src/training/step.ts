// Steps of shared and joint phases: the gradients of one shard at the trunk as it stands.

import type * as tf from "@tensorflow/tfjs";
import { dispose } from "@tensorflow/tfjs";
import {
  type HeadBatch,
  headGradient,
  jointGradient,
  type PreparedExperiment,
  type TaskBatch,
  type TrunkGradient,
  trunkFeatures,
  trunkGradient,
} from "@trunkline/core";
import type { Batches, BatchKey, SourceBatch } from "./batches.ts";
import type { Heads } from "./heads.ts";
import type { TaskTerms } from "./task-batches.ts";

/** What the steps of this worker share. */
export interface Trainer {
  prepared: PreparedExperiment;
  batches: Batches;
  heads: Heads;
  terms: TaskTerms;
}

export interface StepKey {
  epoch: number;
  step: number;
}

export interface HeadRate {
  epoch: number;
  scale: number;
}

/** Trunk gradient of a shard's tasks, heads frozen. */
export async function sharedStep(
  trainer: Trainer,
  tasks: readonly string[],
  key: StepKey,
): Promise<TrunkGradient> {
  const { prepared, terms } = trainer;
  const batches = await taskBatches(trainer, tasks, { ...key, stream: "" });
  return trunkGradient(prepared.network, batches, terms.draws(key));
}

/** Trunk gradient of a shard's tasks; the heads move by their gradients at the same weights. */
export async function simultaneousStep(
  trainer: Trainer,
  tasks: readonly string[],
  step: { key: StepKey; scale: number },
): Promise<TrunkGradient> {
  const { prepared, terms, heads } = trainer;
  const batches = await taskBatches(trainer, tasks, { ...step.key, stream: "" });
  const joint = jointGradient(prepared.network, batches, terms.draws(step.key));
  for (const task of tasks) {
    const gradients = joint.headGradients[task]!;
    const statistics = joint.headStatistics[task]!;
    heads.update(task, { gradients, statistics }, { epoch: step.key.epoch, scale: step.scale });
  }
  const { losses, gradient, statistics } = joint;
  return { losses, gradient, statistics };
}

/** Heads move once, the trunk frozen at its present weights; it runs once per source. */
export async function headStep(
  trainer: Trainer,
  tasks: readonly string[],
  step: { key: BatchKey; scale: number },
): Promise<void> {
  const { prepared, batches, terms } = trainer;
  const features = new Map<SourceBatch, tf.Tensor[]>();
  for (const task of tasks) {
    const batch = await batches.of(prepared.sourceOf(task), step.key);
    const known = features.get(batch) ?? trunkFeatures(prepared.network, batch.inputs);
    features.set(batch, known);
    const term = terms.ofHead(task, labelsOf(batch, task));
    const rate = { epoch: step.key.epoch, scale: step.scale };
    dispose(moveHead(trainer, { term, features: known, key: step.key, rate }));
  }
  dispose([...features.values()].flat());
}

export interface HeadMove {
  term: HeadBatch;
  /** Borrowed. */
  features: readonly tf.Tensor[];
  key: StepKey;
  rate: HeadRate;
}

/** One update of one head from features; the caller disposes the loss. */
export function moveHead({ heads, terms }: Trainer, move: HeadMove): tf.Scalar {
  const { task } = move.term;
  const draws = terms.draws(move.key);
  const { loss, gradients, statistics } = headGradient(
    heads.part(task),
    move.features,
    move.term,
    draws,
  );
  heads.update(task, { gradients, statistics }, move.rate);
  return loss;
}

export function labelsOf(batch: Pick<SourceBatch, "labels" | "sampleWeights">, task: string) {
  return { labels: batch.labels.get(task)!, sampleWeights: batch.sampleWeights.get(task) };
}

async function taskBatches(
  { prepared, batches, terms }: Trainer,
  tasks: readonly string[],
  key: BatchKey,
): Promise<TaskBatch[]> {
  const result: TaskBatch[] = [];
  for (const task of tasks) {
    const source = prepared.sourceOf(task);
    const batch = await batches.of(source, key);
    const term = terms.ofTrunk(task, labelsOf(batch, task));
    result.push({ ...term, source: source.name, inputs: batch.inputs });
  }
  return result;
}
