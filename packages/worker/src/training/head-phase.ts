// A lease: the heads of one shard, trained alone for the epochs of a head phase with the trunk frozen.
// Nothing is said on the wire; progress goes to the heartbeats.

import type * as tf from "@tensorflow/tfjs";
import type { HeadInputs } from "./head-inputs.ts";
import { LossSums } from "./losses.ts";
import { labelsOf, moveHead, type Trainer } from "./step.ts";

export interface Lease {
  tasks: readonly string[];
  firstEpoch: number;
  epochs: number;
  learningRateScale: number;
  /** By task of the experiment, where the method's weights scale heads; else null. */
  weights: readonly number[] | null;
}

export interface LeaseHooks {
  /**
   * Told now and then, from before the first step on; `step` counts the epoch's steps so far, losses are
   * their means.
   */
  progress(at: { epoch: number; step: number; losses: Record<string, number> }): void;
  /** Told after each step. */
  stepDone(at: { epoch: number; step: number }): void;
  /** Lets messages in; true where the lease is worth nothing any more. */
  cancelled(): Promise<boolean>;
  /** Runs the first step, to measure what it holds. */
  measure(step: () => Promise<void>): Promise<void>;
}

export interface LeaseOutcome {
  updates: Record<string, number>;
  epochLosses: Record<string, number>[];
}

/** Progress is read from the device this often; more would make a GPU wait. */
const progressMs = 500;

/** The outcome, or null where the lease was cancelled. */
export async function trainHeads(
  trainer: Trainer,
  inputs: HeadInputs,
  lease: Lease,
  hooks: LeaseHooks,
): Promise<LeaseOutcome | null> {
  const { stepsPerEpoch } = trainer.prepared;
  const epochLosses: Record<string, number>[] = [];
  const sums = new LossSums();
  let lastReport = performance.now();
  try {
    if (!(await prepareInputs(trainer, inputs, lease, hooks))) return null;
    for (let epoch = lease.firstEpoch; epoch < lease.firstEpoch + lease.epochs; epoch++) {
      for (let step = 0; step < stepsPerEpoch; step++) {
        const run = async () => sums.add(await leaseStep(trainer, inputs, lease, { epoch, step }));
        const isFirst = epoch === lease.firstEpoch && step === 0;
        await (isFirst ? hooks.measure(run) : run());
        hooks.stepDone({ epoch, step });
        if (performance.now() - lastReport < progressMs) continue;
        if (await hooks.cancelled()) return null;
        hooks.progress({ epoch, step: step + 1, losses: await sums.means() });
        lastReport = performance.now();
      }
      epochLosses.push(await sums.means());
      sums.reset();
    }
  } finally {
    sums.reset();
    inputs.release();
  }
  const updates = lease.epochs * stepsPerEpoch;
  return { updates: Object.fromEntries(lease.tasks.map((task) => [task, updates])), epochLosses };
}

/**
 * False where the lease was cancelled. Progress stands at step 0 meanwhile, so that all of it has to fit
 * into the coordinator's deadline for progress.
 */
function prepareInputs(
  { prepared }: Trainer,
  inputs: HeadInputs,
  { tasks, firstEpoch }: Lease,
  hooks: LeaseHooks,
): Promise<boolean> {
  const sources = new Set(tasks.map((task) => prepared.sourceOf(task)));
  return inputs.prepare([...sources], async () => {
    hooks.progress({ epoch: firstEpoch, step: 0, losses: {} });
    return hooks.cancelled();
  });
}

/** One step of every head of the shard; losses by task, owned by the caller. */
async function leaseStep(
  trainer: Trainer,
  inputs: HeadInputs,
  lease: Lease,
  key: { epoch: number; step: number },
): Promise<Map<string, tf.Scalar>> {
  const losses = new Map<string, tf.Scalar>();
  const rate = { epoch: key.epoch, scale: lease.learningRateScale };
  for (const task of lease.tasks) {
    const source = trainer.prepared.sourceOf(task);
    const batch = await inputs.of(source, { ...key, stream: "" });
    const labels = labelsOf(batch, task);
    const term = trainer.terms.ofHead(task, { labels, weights: lease.weights, key });
    const from = { features: batch.features, inputs: batch.inputs };
    losses.set(task, moveHead(trainer, { term, ...from, key, rate }));
  }
  return losses;
}
