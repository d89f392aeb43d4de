// The machine's plan from a prepared experiment and the launch's options.

import {
  type BlockState,
  chunksOf,
  componentStretches,
  exchangeOf,
  headTensors,
  helloTimeoutMs,
  joinTimeoutMs,
  type LearningRate,
  type PhaseKind,
  type PlateauSpec,
  type PreparedExperiment,
  phasesOf,
  scheduleOf,
  silenceTimeoutMs,
  stretchLength,
  transformOf,
} from "@trunkline/core";
import type { Deadlines, RunPlan, TensorLengths } from "../machine/plan.ts";
import { warningsOf } from "./warnings.ts";

export interface LaunchOptions {
  run: string;
  experimentHash: string;
  /** Workers that training waits for. */
  workers: number;
  allowMixed: boolean;
  deadlines?: Partial<Deadlines>;
}

const defaultDeadlines: Deadlines = {
  helloMs: helloTimeoutMs,
  joinMs: joinTimeoutMs,
  silenceMs: silenceTimeoutMs,
  // Someone starts the workers by hand, on other machines.
  gatherMs: 600_000,
  // A step on a slow machine may take minutes; more than ten means that nothing will come.
  stallMs: 600_000,
};

export function planOf(
  prepared: PreparedExperiment,
  heads: Readonly<Record<string, BlockState>>,
  options: LaunchOptions,
): RunPlan {
  const { settings, tasks, network } = prepared;
  const { layout } = network.trunk.block;
  const statistics = layout.statisticsLength > 0 ? { statistics: layout.statisticsLength } : {};
  const plateau = {
    ...plateauOf("trunk", prepared.trunkOptimizer.learningRate),
    ...plateauOf("heads", settings.optimizer.heads.learningRate),
  };
  return {
    run: options.run,
    experiment: prepared.name,
    experimentHash: options.experimentHash,
    overrides: prepared.overrides,
    seed: settings.seed,
    workers: options.workers,
    shards: prepared.shards,
    phases: phasesOf(scheduleOf(settings.schedule), settings.epochs),
    epochs: settings.epochs,
    stepsPerEpoch: prepared.stepsPerEpoch,
    samplesPerEpoch: prepared.samplesPerEpoch,
    taskWeights: Object.fromEntries(tasks.map((task) => [task, settings.tasks[task]!.weight])),
    gradientLengths: { gradient: layout.length, ...statistics },
    methodLengths: methodLengths(prepared),
    learnsNorms: prepared.method.learns === "norms",
    trunkArrays: layout.parameters.length,
    exchanges: { shared: exchange(prepared, "shared"), joint: exchange(prepared, "joint") },
    rowsChunkLength: stretchLength(settings.rows),
    rowsChunks: chunksOf(layout.length, stretchLength(settings.rows)),
    roundsPerStep: prepared.roundsPerStep,
    components: componentStretches(network),
    headLengths: Object.fromEntries(tasks.map((task) => [task, lengthsOf(task, heads[task]!)])),
    evaluateEvery: settings.evaluateEvery,
    resultSplit: prepared.sources.every((source) => source.splits.test) ? "test" : "validation",
    ...(settings.earlyStopping && { earlyStopping: settings.earlyStopping }),
    plateau,
    warnings: warningsOf(prepared),
    allowMixed: options.allowMixed,
    deadlines: { ...defaultDeadlines, ...options.deadlines },
  };
}

function lengthsOf(task: string, head: BlockState): TensorLengths {
  return Object.fromEntries(
    headTensors(task, head).map(({ name, values }) => [name, values.length]),
  );
}

function exchange({ method, settings, scaleHeads }: PreparedExperiment, kind: PhaseKind) {
  return exchangeOf({ method, twoPass: settings.rows.twoPass, scaleHeads, kind });
}

/** State that a method keeps per task, as long as the trunk; arrays without numbers do not travel. */
function methodLengths({ method, tasks, network }: PreparedExperiment) {
  const transform = transformOf(method);
  if (transform === undefined) return {};
  const { length } = network.trunk.block.layout;
  const arrays = length > 0 ? transform.arrays : [];
  const named = (task: string) =>
    Object.fromEntries(arrays.map((name) => [`${task}/method/${name}`, length]));
  return Object.fromEntries(tasks.map((task) => [task, named(task)]));
}

function plateauOf(block: "trunk" | "heads", rate: LearningRate): { [block]?: PlateauSpec } {
  const isPlateau = typeof rate === "object" && rate.schedule === "plateau";
  return isPlateau ? { [block]: rate } : {};
}
