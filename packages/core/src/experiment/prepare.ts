// Everything that a run needs of an experiment, in one process: settings, data, network. Mistakes in data
// and models are found here, before training, all at once.

import { stepsPerEpoch } from "../data/epoch-plan.ts";
import { ExperimentError, type Problem, show } from "../errors.ts";
import { lossOutputs } from "../loss/registry.ts";
import { holdsRows } from "../method/exchange.ts";
import type { Method } from "../method/method.ts";
import { methodOf } from "../method/registry.ts";
import { metricName, metricOutputs } from "../metrics/registry.ts";
import { buildNetwork, type Network } from "../model/network.ts";
import { networkProblems } from "../model/network-problems.ts";
import type { OptimizerSpec } from "../optimizer/spec.ts";
import type { DataContext } from "./define.ts";
import type { ResolvedExperiment } from "./resolve.ts";
import { shardsOf } from "./resolve.ts";
import { loadSources, type Source, shapeProblems, valueProblems } from "./sources.ts";

export interface PreparedExperiment extends ResolvedExperiment {
  /** In the experiment's order. */
  readonly tasks: readonly string[];
  readonly shards: readonly (readonly string[])[];
  readonly sources: readonly Source[];
  sourceOf(task: string): Source;
  /** The caller disposes. */
  readonly network: Network;
  readonly method: Method;
  /** The trunk's optimizer: the experiment's, or the method's own. */
  readonly trunkOptimizer: OptimizerSpec;
  /** Whether the method's weights multiply the heads' gradients too. */
  readonly scaleHeads: boolean;
  readonly stepsPerEpoch: number;
  /** Rounds of one step: one per task where tasks move the trunk in turn. */
  readonly roundsPerStep: number;
  /** Samples of the largest task's train split. */
  readonly samplesPerEpoch: number;
}

export interface PrepareOptions {
  open: DataContext["open"];
  /** Scan all values for NaN and labels out of range; workers leave it to the coordinator. @default true */
  checkValues?: boolean;
}

/**
 * Loads data and builds the network on the backend in force.
 *
 * @throws ExperimentError with every mistake that was found.
 */
export async function prepareExperiment(
  resolved: ResolvedExperiment,
  { open, checkValues = true }: PrepareOptions,
): Promise<PreparedExperiment> {
  const { settings } = resolved;
  const sources = await loadSources(settings, { seed: settings.seed, open });
  const network = await networkOf(resolved);
  const prepared = assemble(resolved, sources, network);
  try {
    await check(prepared, checkValues);
  } catch (error) {
    network.dispose();
    throw error;
  }
  return prepared;
}

/** The experiment's network with its initial weights; needs no data. */
export function networkOf({ settings }: ResolvedExperiment): Promise<Network> {
  const heads = Object.entries(settings.tasks).map(([name, task]) => [name, task.head] as const);
  return buildNetwork({
    seed: settings.seed,
    trunk: settings.trunk,
    heads: Object.fromEntries(heads),
    routing: settings.routing,
  });
}

function assemble(
  resolved: ResolvedExperiment,
  sources: readonly Source[],
  network: Network,
): PreparedExperiment {
  const byTask = new Map(sources.flatMap((source) => source.tasks.map((task) => [task, source])));
  const { settings } = resolved;
  const tasks = Object.keys(settings.tasks);
  const method = methodOf(settings.method);
  const samplesPerEpoch = Math.max(...sources.map((source) => source.splits.train.size));
  return {
    ...resolved,
    tasks,
    shards: shardsOf(settings),
    sources,
    sourceOf: (task) => byTask.get(task)!,
    network,
    method,
    trunkOptimizer: method.trunkOptimizer ?? settings.optimizer.trunk,
    scaleHeads: settings.scaleHeads ?? method.scaleHeads,
    roundsPerStep: settings.routing.mode === "sequential" ? tasks.length : 1,
    stepsPerEpoch: stepsPerEpoch(samplesPerEpoch, settings.batchSize),
    samplesPerEpoch,
  };
}

async function check(prepared: PreparedExperiment, checkValues: boolean): Promise<void> {
  const { sources, network } = prepared;
  const structural = [
    ...networkProblems(network),
    ...shapeProblems(sources),
    ...trunkProblems(prepared),
    ...rowsProblems(prepared),
  ];
  if (structural.length > 0) throw new ExperimentError(structural);
  const fitting = prepared.tasks.flatMap((task) => headProblems(prepared, task));
  if (fitting.length > 0) throw new ExperimentError(fitting);
  if (!checkValues) return;
  const found = await valueProblems(sources, (task) => labelCheck(prepared, task));
  if (found.length > 0) throw new ExperimentError(found);
}

/** Outputs of a task's head, without the batch axis, as one number. */
export function outputSize({ network }: Pick<PreparedExperiment, "network">, task: string): number {
  const shape = network.head(task).model.outputs[0]!.shape.slice(1);
  return shape.reduce<number>((size, axis) => size * (axis ?? 1), 1);
}

function labelCheck(prepared: PreparedExperiment, task: string) {
  const { loss, missingLabels } = prepared.settings.tasks[task]!;
  const { labels } = lossOutputs(loss);
  const kind = labels === "any" ? "real" : labels;
  return { outputSize: outputSize(prepared, task), labels: kind, missing: missingLabels };
}

function trunkProblems({ network, sources }: PreparedExperiment): Problem[] {
  const wanted = network.trunk.model.inputs[0]!.shape.slice(1);
  const found = [...sources[0]!.splits.train.inputShape];
  const fits =
    wanted.length === found.length && wanted.every((axis, i) => axis === null || axis === found[i]);
  if (fits) return [];
  return [
    {
      path: "trunk",
      code: "experiment/shape",
      message: `The trunk takes inputs of shape ${show(wanted)}. The data has ${show(found)}.`,
      remedy: "Set the trunk's inputShape to the shape of one sample's input.",
    },
  ];
}

/** Rows of all tasks are held at once, unless they are sent twice. */
function rowsProblems({ method, network, settings, tasks }: PreparedExperiment): Problem[] {
  const held = holdsRows(method, settings.rows.twoPass);
  const { length } = network.trunk.block.layout;
  const neededMiB = Math.ceil((4 * length * tasks.length) / 2 ** 20);
  if (!held || neededMiB <= settings.rows.memoryMiB) return [];
  const other = method.needs === "gram" ? ", or set `rows.twoPass`" : ", or choose another method";
  return [
    {
      path: "rows.memoryMiB",
      code: "experiment/rows-memory",
      message: `The gradients of ${tasks.length} tasks with ${length} numbers each need ${neededMiB} MiB at the coordinator. Found \`rows.memoryMiB\` ${settings.rows.memoryMiB}.`,
      remedy: `Raise \`rows.memoryMiB\` to ${neededMiB}${other}.`,
    },
  ];
}

function headProblems(prepared: PreparedExperiment, task: string): Problem[] {
  const settings = prepared.settings.tasks[task]!;
  const { labels, minOutputs, classWeights, positiveWeight } = lossOutputs(settings.loss);
  const outputs = outputSize(prepared, task);
  const outputShape = prepared.network.head(task).model.outputs[0]!.shape.slice(1);
  const labelShape = [...(prepared.sourceOf(task).splits.train.labelShapes[task] ?? [])];
  const labelSize = labelShape.reduce((size, axis) => size * axis, 1);
  const path = `tasks.${task}`;
  const problems: Problem[] = [];
  const classIndices = labels === "class" && labelSize === 1;
  const misfit =
    outputs < minOutputs ||
    (labels === "class" && outputShape.length !== 1) ||
    (labels !== "any" && !classIndices && labelSize !== outputs);
  if (misfit) {
    const loss = typeof settings.loss === "string" ? settings.loss : "the loss";
    problems.push({
      path: `${path}.head`,
      code: "experiment/shape",
      message: `The head's output has shape ${show(outputShape)}; the labels have ${show(labelShape)}; ${loss} does not fit them to each other.`,
      remedy: classIndices
        ? "Give the head one output per class, at least two."
        : "Give the head one output per number of the label.",
    });
  }
  if (
    settings.classWeights !== undefined &&
    (!classWeights || settings.classWeights.length !== outputs)
  ) {
    problems.push(
      misplaced(
        `${path}.classWeights`,
        `one weight per class of softmaxCrossEntropy, ${outputs}`,
        settings.classWeights.length,
      ),
    );
  }
  if (settings.positiveWeight !== undefined && !positiveWeight) {
    problems.push(
      misplaced(
        `${path}.positiveWeight`,
        "absent: the loss has no positive term",
        settings.positiveWeight,
      ),
    );
  }
  return [...problems, ...metricProblems(prepared, task)];
}

/** Metrics that mean nothing for a task's labels, and those that results could not tell apart. */
function metricProblems(prepared: PreparedExperiment, task: string): Problem[] {
  const { loss, metrics } = prepared.settings.tasks[task]!;
  const { labels: kind } = lossOutputs(loss);
  const outputs = outputSize(prepared, task);
  const names = metrics.map(metricName);
  return metrics.flatMap((metric, i) => {
    const path = `tasks.${task}.metrics.${i}`;
    const name = names[i]!;
    const { labels, minOutputs } = metricOutputs(metric);
    if (names.indexOf(name) < i) return [repeatedMetric(path, name)];
    if (labels.includes(kind) && outputs >= minOutputs) return [];
    const wants = `${labels.filter((each) => each !== "any").join(" or ")} labels and D ≥ ${minOutputs} outputs`;
    return [
      {
        path,
        code: "experiment/invalid-value",
        message: `Metric \`${name}\` is for ${wants}. Found ${kind} labels and D = ${outputs}.`,
        remedy: `Remove \`${path}\`, or use a metric for the task's labels or a function of the predictions.`,
      },
    ];
  });
}

function repeatedMetric(path: string, name: string): Problem {
  return {
    path,
    code: "experiment/invalid-value",
    message: `Names of a task's metrics should differ. Found \`${name}\` again.`,
    remedy: "Remove the repeated one; a function's metric has the function's name, so name each.",
  };
}

function misplaced(path: string, should: string, found: number): Problem {
  return {
    path,
    code: "experiment/invalid-value",
    message: `Parameter \`${path}\` should be ${should}. Found ${found}.`,
    remedy: `Correct or remove \`${path}\`.`,
  };
}
