// States of a run as tests look at them: the snapshots of its edges, the bits of a block, and scores
// computed by hand, with neither coordinator nor worker.

import * as tf from "@tensorflow/tfjs";
import { type Archive, hashesOf, noArchive, type Snapshot } from "@trunkline/coordinator";
import {
  type BlockState,
  drawsFor,
  type Experiment,
  initialBlockState,
  noMemory,
  type PreparedExperiment,
  predict,
  type Split,
  taskLoss,
} from "@trunkline/core";
import { prepared } from "./cluster.ts";

export interface Recording {
  archive: Archive;
  /** One per edge, in order. */
  last: Snapshot[];
  /** One per improvement. */
  best: Snapshot[];
}

/** An archive that keeps every snapshot. */
export function recording(): Recording {
  const kept: Record<"last" | "best", Snapshot[]> = { last: [], best: [] };
  const saveCheckpoint = async (name: "last" | "best", snapshot: Snapshot) => {
    kept[name].push(snapshot);
  };
  return { archive: { ...noArchive, saveCheckpoint }, ...kept };
}

/** The state before the first step. */
export async function initialState(experiment: Experiment): Promise<Omit<Snapshot, "epoch">> {
  const { ready } = await prepared(experiment);
  const { network, settings, tasks } = ready;
  const heads = tasks.map(
    (task) =>
      [task, initialBlockState(network.head(task).block, settings.optimizer.heads)] as const,
  );
  const trunk = initialBlockState(network.trunk.block, settings.optimizer.trunk);
  network.dispose();
  return stateOf({ trunk, heads: Object.fromEntries(heads) });
}

/** A state without anything of a method. */
function stateOf(blocks: Pick<Snapshot, "trunk" | "heads">): Omit<Snapshot, "epoch"> {
  return { ...blocks, methodTasks: {}, method: noMemory };
}

/** Hashes of a block's weights with its statistics, and of its optimizer's state. */
export function bitsOf(block: BlockState): { weights: string; optimizer: string } {
  const { trunk, optimizer } = hashesOf(stateOf({ trunk: block, heads: {} }));
  return { weights: trunk, optimizer };
}

/** {@link bitsOf} each head. */
export function headBits({ heads }: Pick<Snapshot, "heads">) {
  return Object.fromEntries(Object.entries(heads).map(([task, head]) => [task, bitsOf(head)]));
}

/** Whether every number of a snapshot is finite, optimizers included. */
export function allFinite({ trunk, heads }: Pick<Snapshot, "trunk" | "heads">): boolean {
  const arrays = [trunk, ...Object.values(heads)].flatMap(({ weights, statistics, optimizer }) => [
    weights,
    statistics,
    ...Object.values(optimizer.arrays),
  ]);
  return arrays.every((values) => values.every(Number.isFinite));
}

/** Loss and accuracy of each yes-or-no task, from one pass over the whole split. */
export async function scoresByHand(
  experiment: Experiment,
  { trunk, heads }: Pick<Snapshot, "trunk" | "heads">,
  split: Split,
): Promise<Record<string, { loss: number; accuracy: number }>> {
  const { ready } = await prepared(experiment);
  const { network, tasks } = ready;
  network.trunk.block.writeWeights(trunk.weights);
  network.trunk.block.writeStatistics(trunk.statistics);
  const scores: Record<string, { loss: number; accuracy: number }> = {};
  for (const task of tasks) {
    network.head(task).block.writeWeights(heads[task]!.weights);
    network.head(task).block.writeStatistics(heads[task]!.statistics);
    scores[task] = await scoreByHand(ready, task, split);
  }
  network.dispose();
  return scores;
}

async function scoreByHand(ready: PreparedExperiment, task: string, split: Split) {
  const dataset = ready.sourceOf(task).splits[split]!;
  const indices = Array.from({ length: dataset.size }, (_, i) => i);
  const draw = drawsFor({ seed: 0, purpose: "none" });
  const batch = await dataset.batch(indices, { epoch: 0, training: false, draw });
  return tf.tidy(() => {
    const inputs = tf.tensor(batch.inputs, [dataset.size, ...dataset.inputShape]);
    const outputs = predict(ready.network, task, inputs);
    const labels = tf.tensor(batch.labels[task]!, [dataset.size]);
    const loss = taskLoss(ready.settings.tasks[task]!)(labels, outputs).dataSync()[0]!;
    const logits = outputs.dataSync();
    const right = batch.labels[task]!.filter((label, i) => label > 0.5 === logits[i]! > 0);
    return { loss, accuracy: right.length / dataset.size };
  });
}
