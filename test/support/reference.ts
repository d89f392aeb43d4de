// The reference: one plain loop in one process, written as one would write it by hand. It shares nothing
// with coordinator and worker; gradients, optimizers, schedules and the counters behind the batches are
// core's, which are tested there. No workers, no wire, no cache, no plateau.
// Letters: P = length of the trunk, S = its statistics.

import * as tf from "@tensorflow/tfjs";
import {
  type BlockState,
  clipByGlobalNorm,
  clipByValue,
  clipTensorsByGlobalNorm,
  clipTensorsByValue,
  createBatchPlan,
  drawsFor,
  type Experiment,
  flatOptimizer,
  type Hashes,
  headGradient,
  initialBlockState,
  jointPass,
  learningRateAt,
  type Overrides,
  type PhaseKind,
  type PreparedExperiment,
  phasesOf,
  type Source,
  scheduleOf,
  sharedPass,
  type TaskBatch,
  type TensorOptimizer,
  taskLoss,
  tensorOptimizer,
  trunkFeatures,
} from "@trunkline/core";
import { prepared } from "./cluster.ts";
import { hashByHand } from "./hash-by-hand.ts";

interface Loop {
  ready: PreparedExperiment;
  /** The trunk and its flat optimizer; the network's variables follow it. */
  trunk: BlockState;
  /** By task; the heads' weights are the network's variables. */
  optimizers: ReadonlyMap<string, TensorOptimizer>;
}

/** A step: global epoch, and position within it. */
interface At {
  epoch: number;
  step: number;
}

/** What the trunk moves by, of one shard. */
interface TrunkStep {
  gradient: Float32Array;
  statistics: Float32Array | null;
}

/** What one head moves by; owned by who receives it. */
interface HeadStep {
  gradients: tf.Tensor[];
  statistics: tf.Tensor[] | null;
}

/** Trains to the end, without early stopping, and returns the hashes of the last weights. */
export async function trainReference(
  experiment: Experiment,
  set: Overrides["set"] = {},
): Promise<Hashes> {
  const { ready } = await prepared(experiment, set);
  const loop = startLoop(ready);
  const { schedule, epochs } = ready.settings;
  for (const { kind, firstEpoch, epochs: length } of phasesOf(scheduleOf(schedule), epochs)) {
    for (let epoch = firstEpoch; epoch < firstEpoch + length; epoch++) {
      for (let step = 0; step < ready.stepsPerEpoch; step++) {
        await oneStep(loop, kind, { epoch, step });
      }
    }
  }
  const hashes = hashByHand(loop.trunk, await headStates(loop));
  for (const optimizer of loop.optimizers.values()) optimizer.dispose();
  ready.network.dispose();
  return hashes;
}

function startLoop(ready: PreparedExperiment): Loop {
  const { network, settings, tasks } = ready;
  const { trunk, heads } = settings.optimizer;
  const optimizers = tasks.map(
    (task) => [task, tensorOptimizer(heads).init(network.head(task).block.variables)] as const,
  );
  return {
    ready,
    trunk: initialBlockState(network.trunk.block, trunk),
    optimizers: new Map(optimizers),
  };
}

async function oneStep(loop: Loop, kind: PhaseKind, at: At): Promise<void> {
  const { joint } = scheduleOf(loop.ready.settings.schedule);
  if (kind === "joint" && joint!.order === "simultaneous") return moveBoth(loop, at);
  if (kind !== "head") await sharedStep(loop, at);
  if (kind !== "shared") await headsStep(loop, at, kind === "head" ? "" : joint!.headStream);
}

/** The trunk moves by the gradients of all shards; heads are frozen. */
async function sharedStep(loop: Loop, at: At): Promise<void> {
  const { network, shards } = loop.ready;
  const results: TrunkStep[] = [];
  for (const shard of shards) {
    const batches = await shardBatches(loop, shard, at);
    const pass = sharedPass(network, batches, drawsAt(loop, at));
    results.push({ gradient: pass.trunk(shard.map(() => 1)), statistics: pass.statistics });
    pass.dispose();
    disposeBatches(batches);
  }
  moveTrunk(loop, results, at.epoch);
}

/** Trunk and heads move, by gradients at the same weights. */
async function moveBoth(loop: Loop, at: At): Promise<void> {
  const { network, shards } = loop.ready;
  const results: TrunkStep[] = [];
  for (const shard of shards) {
    const batches = await shardBatches(loop, shard, at);
    const pass = jointPass(network, batches, drawsAt(loop, at));
    const { trunk: gradient, heads } = pass.both(shard.map(() => 1));
    results.push({ gradient, statistics: pass.statistics });
    pass.dispose();
    disposeBatches(batches);
    for (const task of shard) moveHead(loop, task, heads[task]!, at.epoch);
  }
  moveTrunk(loop, results, at.epoch);
}

/** Every head moves once; the trunk is frozen. */
async function headsStep(loop: Loop, at: At, stream: string): Promise<void> {
  const { network, tasks } = loop.ready;
  for (const task of tasks) {
    const [batch] = await shardBatches(loop, [task], at, stream);
    const features = trunkFeatures(network, batch!.inputs);
    const step = headGradient(network.head(task), features, batch!, drawsAt(loop, at));
    moveHead(loop, task, step, at.epoch);
    disposeBatches([batch!]);
    tf.dispose([step.loss, ...features]);
  }
}

/** Batches of a shard's tasks; tasks of one source share one input tensor. The caller disposes. */
async function shardBatches(
  { ready }: Loop,
  shard: readonly string[],
  at: At,
  stream = "",
): Promise<TaskBatch[]> {
  const inputs = new Map<string, tf.Tensor>();
  const batches: TaskBatch[] = [];
  for (const task of shard) {
    const source = ready.sourceOf(task);
    const read = await readBatch(ready, source, at, stream);
    const { inputShape, labelShapes } = source.splits.train;
    const rows = read.inputs.length / tf.util.sizeFromShape([...inputShape]);
    const shared = inputs.get(source.name) ?? tf.tensor(read.inputs, [rows, ...inputShape]);
    inputs.set(source.name, shared);
    const labels = tf.tensor(read.labels[task]!, [rows, ...labelShapes[task]!]);
    const weights = read.sampleWeights?.[task];
    const settings = ready.settings.tasks[task]!;
    batches.push({
      task,
      source: source.name,
      inputs: shared,
      labels,
      weight: settings.weight,
      loss: taskLoss(settings),
      ...(weights && { sampleWeights: tf.tensor1d(weights) }),
    });
  }
  return batches;
}

function readBatch(ready: PreparedExperiment, source: Source, at: At, stream: string) {
  const { seed, batchSize } = ready.settings;
  const { train } = source.splits;
  const plan = createBatchPlan({ size: train.size, batchSize, seed, task: source.name, stream });
  const purpose = stream === "" ? "augment" : `augment/${stream}`;
  const draw = drawsFor({ seed, purpose, task: source.name, ...at });
  return train.batch(plan.indices(at.epoch, at.step), { epoch: at.epoch, training: true, draw });
}

function disposeBatches(batches: readonly TaskBatch[]): void {
  for (const { inputs, labels, sampleWeights } of batches) {
    tf.dispose([inputs, labels, ...(sampleWeights ? [sampleWeights] : [])]);
  }
}

function drawsAt({ ready }: Loop, at: At) {
  return { seed: ready.settings.seed, ...at };
}

function moveTrunk({ ready, trunk }: Loop, results: readonly TrunkStep[], epoch: number): void {
  const { optimizer, clip, epochs } = ready.settings;
  const gradient = sum(results.map((result) => result.gradient));
  if (clip.trunk.value !== undefined) clipByValue(gradient, clip.trunk.value);
  if (clip.trunk.globalNorm !== undefined) clipByGlobalNorm(gradient, clip.trunk.globalNorm);
  const rate = learningRateAt(optimizer.trunk.learningRate, epoch, epochs);
  flatOptimizer(optimizer.trunk).update(trunk.optimizer, trunk.weights, gradient, rate);
  const { block } = ready.network.trunk;
  block.writeWeights(trunk.weights);
  if (trunk.statistics.length === 0) return;
  const statistics = sum(results.map((result) => result.statistics!));
  trunk.statistics = statistics.map((value) => value / results.length);
  block.writeStatistics(trunk.statistics);
}

/** From the first to the last, `[P]` or `[S]`. */
function sum(vectors: readonly Float32Array[]): Float32Array {
  const total = vectors[0]!.slice();
  for (const vector of vectors.slice(1)) {
    for (const [i, value] of vector.entries()) total[i] = total[i]! + value;
  }
  return total;
}

function moveHead({ ready, optimizers }: Loop, task: string, step: HeadStep, epoch: number): void {
  const { optimizer, clip, epochs } = ready.settings;
  const rate = learningRateAt(optimizer.heads.learningRate, epoch, epochs);
  tf.tidy(() => {
    let { gradients } = step;
    if (clip.heads.value !== undefined) gradients = clipTensorsByValue(gradients, clip.heads.value);
    if (clip.heads.globalNorm !== undefined) {
      gradients = clipTensorsByGlobalNorm(gradients, clip.heads.globalNorm);
    }
    optimizers.get(task)!.update(gradients, rate);
  });
  if (step.statistics) ready.network.head(task).block.assignStatistics(step.statistics);
  tf.dispose([...step.gradients, ...(step.statistics ?? [])]);
}

async function headStates({ ready, optimizers }: Loop): Promise<Record<string, BlockState>> {
  const states: Record<string, BlockState> = {};
  for (const task of ready.tasks) {
    const { block } = ready.network.head(task);
    states[task] = {
      weights: block.readWeights(),
      statistics: block.readStatistics(),
      optimizer: await optimizers.get(task)!.read(),
    };
  }
  return states;
}
