// Steps at the present weights: the parts of a shard in a shared or joint step, and the heads' own half of a
// joint one.

import type * as tf from "@tensorflow/tfjs";
import { dispose } from "@tensorflow/tfjs";
import {
  type Clock,
  type HeadBatch,
  type HeadGradient,
  headGradient,
  type PreparedExperiment,
  routedHeadGradient,
  stepLosses,
  type TaskBatch,
  trunkFeatures,
} from "@trunkline/core";
import type { Batches, BatchKey, SourceBatch } from "./batches.ts";
import type { Heads } from "./heads.ts";
import { requireFinite } from "./losses.ts";
import type { MethodStates } from "./method-states.ts";
import { ShardStep } from "./shard-step.ts";
import type { TaskTerms } from "./task-batches.ts";

/** What the steps of this worker share. */
export interface Trainer {
  prepared: PreparedExperiment;
  batches: Batches;
  heads: Heads;
  methods: MethodStates;
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

export interface ShardPart {
  tasks: readonly string[];
  key: StepKey;
  clock: Clock;
  /** Null where heads are frozen. */
  headScale: number | null;
}

/** A shard's part of a step, forward pass done; the caller disposes it. */
export async function beginShardStep(trainer: Trainer, part: ShardPart): Promise<ShardStep> {
  const batches = await taskBatches(trainer, part.tasks, { ...part.key, stream: "" });
  return new ShardStep(trainer, { ...part, batches });
}

/** Losses of a step's own batch at the present weights, with the step's random numbers. */
export async function lossesAt(
  trainer: Trainer,
  { tasks, key, headsTrain }: { tasks: readonly string[]; key: StepKey; headsTrain: boolean },
): Promise<Record<string, number>> {
  const batches = await taskBatches(trainer, tasks, { ...key, stream: "" });
  const draws = trainer.terms.draws(key);
  const losses = stepLosses(trainer.prepared.network, batches, { draws, headsTrain });
  requireFinite(losses);
  return losses;
}

/** Heads move once, the trunk frozen at its present weights; it runs once per source. */
export async function headStep(
  trainer: Trainer,
  tasks: readonly string[],
  step: { key: BatchKey; scale: number; weights: readonly number[] | null },
): Promise<void> {
  const { prepared, batches, terms } = trainer;
  const features = new Map<SourceBatch, tf.Tensor[]>();
  for (const task of tasks) {
    const batch = await batches.of(prepared.sourceOf(task), step.key);
    const term = terms.ofHead(task, {
      labels: labelsOf(batch, task),
      weights: step.weights,
      key: step.key,
    });
    const rate = { epoch: step.key.epoch, scale: step.scale };
    const known = features.get(batch) ?? featuresFor(prepared, batch);
    if (known !== null) features.set(batch, known);
    const move = { term, features: known ?? [], inputs: batch.inputs, key: step.key, rate };
    dispose(moveHead(trainer, move));
  }
  dispose([...features.values()].flat());
}

/** Features that all tasks of a batch share; null where each has its own way through the trunk. */
function featuresFor({ network }: PreparedExperiment, batch: SourceBatch): tf.Tensor[] | null {
  return network.isRouted ? null : trunkFeatures(network, batch.inputs);
}

export interface HeadMove {
  term: HeadBatch;
  /** Borrowed; empty where the trunk is routed. */
  features: readonly tf.Tensor[];
  /** The trunk's, `[B, ...inputShape]`; borrowed. There where the trunk is routed. */
  inputs: tf.Tensor | null;
  key: StepKey;
  rate: HeadRate;
}

/** One update of one head; the caller disposes the loss. */
export function moveHead(trainer: Trainer, move: HeadMove): tf.Scalar {
  const { loss, gradients, statistics } = headGradientOf(trainer, move);
  trainer.heads.update(move.term.task, { gradients, statistics }, move.rate);
  return loss;
}

function headGradientOf({ prepared, terms, heads }: Trainer, move: HeadMove): HeadGradient {
  const draws = terms.draws(move.key);
  const { network } = prepared;
  if (network.isRouted) return routedHeadGradient(network, move.inputs!, move.term, draws);
  return headGradient(heads.part(move.term.task), move.features, move.term, draws);
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
    const term = terms.ofTrunk(task, { labels: labelsOf(batch, task), key });
    result.push({ ...term, source: source.name, inputs: batch.inputs });
  }
  return result;
}
