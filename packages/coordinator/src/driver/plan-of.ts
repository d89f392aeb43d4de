// The machine's plan from a prepared experiment and the launch's options.

import {
  type BlockState,
  headTensors,
  helloTimeoutMs,
  joinTimeoutMs,
  type LearningRate,
  type PlateauSpec,
  type PreparedExperiment,
  phasesOf,
  scheduleOf,
  silenceTimeoutMs,
} from "@trunkline/core";
import type { Deadlines, RunPlan, TensorLengths } from "../machine/plan.ts";

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
    ...plateauOf("trunk", settings.optimizer.trunk.learningRate),
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
    headLengths: Object.fromEntries(tasks.map((task) => [task, lengthsOf(task, heads[task]!)])),
    evaluateEvery: settings.evaluateEvery,
    resultSplit: prepared.sources.every((source) => source.splits.test) ? "test" : "validation",
    ...(settings.earlyStopping && { earlyStopping: settings.earlyStopping }),
    plateau,
    allowMixed: options.allowMixed,
    deadlines: { ...defaultDeadlines, ...options.deadlines },
  };
}

function lengthsOf(task: string, head: BlockState): TensorLengths {
  return Object.fromEntries(
    headTensors(task, head).map(({ name, values }) => [name, values.length]),
  );
}

function plateauOf(block: "trunk" | "heads", rate: LearningRate): { [block]?: PlateauSpec } {
  const isPlateau = typeof rate === "object" && rate.schedule === "plateau";
  return isPlateau ? { [block]: rate } : {};
}
