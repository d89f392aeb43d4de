// The reference: one plain loop in one process, written as one would write it by hand. It shares nothing
// with coordinator and worker but core's gradients, optimizers and the counters behind the batches.

import * as tf from "@tensorflow/tfjs";
import {
  type BlockState,
  createBatchPlan,
  type Experiment,
  flatOptimizer,
  headGradient,
  initialBlockState,
  jointGradient,
  learningRateAt,
  type Overrides,
  phasesOf,
  scheduleOf,
  taskLoss,
  trunkFeatures,
  trunkGradient,
} from "@trunkline/core";
import { hashesOf } from "@trunkline/coordinator";
import { prepared } from "./cluster.ts";

/** Trains and returns the hashes of the end. Heads run the flat optimizers, which workers never use. */
export async function trainReference(experiment: Experiment, set: Overrides["set"] = {}) {
  const { ready } = await prepared(experiment, set);
  const { network, settings, tasks, shards, stepsPerEpoch } = ready;
  const { seed, batchSize, optimizer, epochs } = settings;
  const schedule = scheduleOf(settings.schedule);
  const trunkOptimizer = flatOptimizer(optimizer.trunk);
  const trunk = initialBlockState(network.trunk.block, optimizer.trunk);
  const heads = new Map<string, BlockState>();
  const headOptimizers = new Map<string, { rate: number }>();
  for (const task of tasks) {
    heads.set(task, initialBlockState(network.head(task).block, optimizer.heads));
    headOptimizers.set(task, { rate: 0 });
  }
  const ownInputs = ready.sources.some((source) => source.name !== "");
  const losses = new Map(tasks.map((task) => [task, taskLoss(settings.tasks[task]!)]));

  const batchOf = async (task: string, at: { epoch: number; step: number }, stream: string) => {
    const source = ready.sourceOf(task);
    const { train } = source.splits;
    const plan = createBatchPlan({ size: train.size, batchSize, seed, task: source.name, stream });
    const indices = plan.indices(at.epoch, at.step);
    const batch = await train.batch(indices, { epoch: at.epoch, draw: undefined as never });
    const inputs = tf.tensor(batch.inputs, [indices.length, ...train.inputShape]);
    const labels = tf.tensor(batch.labels[task]!, [indices.length, ...train.labelShapes[task]!]);
    return { source, inputs, labels };
  };

  /** Batches of a shard; tasks of one source share one input tensor. */
  const shardBatches = async (shard: readonly string[], at: { epoch: number; step: number }) => {
    const inputsOf = new Map<string, tf.Tensor>();
    const batches = [];
    for (const task of shard) {
      const { source, inputs, labels } = await batchOf(task, at, "");
      const shared = inputsOf.get(source.name) ?? inputs;
      inputsOf.set(source.name, shared);
      const { weight } = settings.tasks[task]!;
      batches.push({ task, inputs: shared, labels, weight, loss: losses.get(task)! });
    }
    return batches;
  };

  const moveTrunk = (gradients: Float32Array[], epoch: number) => {
    const sum = gradients[0]!.slice();
    for (const gradient of gradients.slice(1)) gradient.forEach((value, i) => (sum[i]! += value));
    const rate = learningRateAt(optimizer.trunk.learningRate, epoch, epochs);
    trunkOptimizer.update(trunk.optimizer, trunk.weights, sum, rate);
    network.trunk.block.writeWeights(trunk.weights);
  };

  const { tensorOptimizer } = await import("@trunkline/core");
  const optimizers = new Map(
    tasks.map((task) => [
      task,
      tensorOptimizer(optimizer.heads).init(network.head(task).block.variables),
    ]),
  );
  const moveHead = (task: string, gradients: tf.Tensor[], epoch: number) => {
    const rate = learningRateAt(optimizer.heads.learningRate, epoch, epochs);
    optimizers.get(task)!.update(gradients, rate);
  };

  for (const phase of phasesOf(schedule, epochs)) {
    for (let epoch = phase.firstEpoch; epoch < phase.firstEpoch + phase.epochs; epoch++) {
      for (let step = 0; step < stepsPerEpoch; step++) {
        const draws = { seed, epoch, step, ownInputs };
        const at = { epoch, step };
        const simultaneous = schedule.joint?.order === "simultaneous";
        if (phase.kind !== "head") {
          const gradients: Float32Array[] = [];
          for (const shard of shards) {
            const batches = await shardBatches(shard, at);
            if (!simultaneous) gradients.push(trunkGradient(network, batches, draws).gradient);
            else {
              const joint = jointGradient(network, batches, draws);
              gradients.push(joint.gradient);
              for (const task of shard) moveHead(task, joint.headGradients[task]!, epoch);
            }
          }
          moveTrunk(gradients, epoch);
        }
        if (phase.kind === "head" || (phase.kind === "joint" && !simultaneous)) {
          const stream = phase.kind === "head" ? "" : schedule.joint!.headStream;
          for (const task of tasks) {
            const { inputs, labels } = await batchOf(task, at, stream);
            const features = trunkFeatures(network, inputs);
            const { weight } = settings.tasks[task]!;
            const term = { task, labels, weight, loss: losses.get(task)! };
            const { gradients } = headGradient(network.head(task), features, term, draws);
            moveHead(task, gradients, epoch);
          }
        }
      }
    }
  }
  const states: Record<string, BlockState> = {};
  for (const task of tasks) {
    states[task] = {
      ...heads.get(task)!,
      weights: network.head(task).block.readWeights(),
      optimizer: await optimizers.get(task)!.read(),
    };
  }
  return hashesOf({ trunk, heads: states });
}
