// The method of a run at work: it is shown what it asked for, its state is kept, and what it decided is
// handed to workers or made into the trunk's direction. It never learns where the figures came from.
// Letters: M = tasks.

import {
  type Aggregator,
  type BalanceReport,
  type Clock,
  drawsFor,
  type Fallback,
  isReported,
  type Losses,
  type MethodMemory,
  normalised,
  type PreparedExperiment,
  RunError,
  type StepView,
  type Weighed,
  type Weighting,
} from "@trunkline/core";
import { PendingReport } from "./report.ts";
import { Rows } from "./rows.ts";

export interface StepFigures {
  losses: Losses;
  lossesAfter: Losses;
  norms: Losses;
}

export interface BalancerHooks {
  report(report: BalanceReport): void;
  fallback(fallback: Fallback, clock: Clock): void;
}

/** Where the run stands: `step` counts its shared and joint steps. */
export interface At {
  clock: Clock;
  /** Global epoch, and step within it, for people. */
  epoch: number;
  step: number;
}

export class Balancer {
  readonly #prepared: PreparedExperiment;
  readonly #hooks: BalancerHooks;
  readonly #rows: Rows | null;
  #memory: MethodMemory;
  /** Of the step in hand, or of the one to come. */
  #decided: { step: number; weights: readonly number[] } | null = null;
  /** A step whose losses after it are still to come. */
  #unlearned: { clock: Clock; losses: number[]; norms: number[] } | null = null;
  #pending: PendingReport | null = null;

  constructor(
    prepared: PreparedExperiment,
    { chunkLength, hooks }: { chunkLength: number; hooks: BalancerHooks },
  ) {
    const { method, settings, shards, network } = prepared;
    this.#prepared = prepared;
    this.#hooks = hooks;
    this.#memory = initialMemory(prepared);
    const kept = method.needs === "rows" || (method.needs === "gram" && !settings.rows.twoPass);
    this.#rows =
      method.needs === "gram" || method.needs === "rows"
        ? new Rows({
            shardSizes: shards.map((tasks) => tasks.length),
            length: network.trunk.block.layout.length,
            chunkLength,
            kept,
          })
        : null;
  }

  /** A copy that is not written to any more. */
  get memory(): MethodMemory {
    return copyMemory(this.#memory);
  }

  /** Goes on from a memory; what was in hand is dropped. */
  restore(memory: MethodMemory): void {
    this.#memory = copyMemory(memory);
    this.#decided = null;
    this.#unlearned = null;
    this.#pending = null;
  }

  /** Whether the report of the step in hand wants to know how the trunk moved. */
  get wantsMovement(): boolean {
    return this.#pending !== null && this.#prepared.method.form !== "aggregator";
  }

  takeRows(chunk: number, stretches: readonly Float32Array[]): void {
    this.#rows!.take(chunk, stretches);
  }

  /**
   * Weights of the step to come, where they follow from finished steps alone; null where workers have them
   * from counters, or where the step's own figures decide.
   */
  next(clock: Clock): number[] | null {
    const method = this.#weighting();
    if (method === null || method.needs !== "nothing" || method.learns === "nothing") return null;
    if (this.#decided?.step !== clock.step) this.#weigh(method, viewOf(this.#prepared, clock));
    return [...this.#decided!.weights];
  }

  /** Weights that scale heads beside the trunk's gradients: those of the last step. Null where all are 1. */
  headWeights(): number[] | null {
    const { lastWeights } = this.#memory;
    if (!this.#prepared.scaleHeads || lastWeights === null) return null;
    return lastWeights.every((weight) => weight === 1) ? null : [...lastWeights];
  }

  /** Decides the weights of the step in hand. */
  weigh(at: At, figures: StepFigures): readonly number[] {
    this.#learnAfter(figures.lossesAfter);
    const view = { ...viewOf(this.#prepared, at.clock), ...this.#seen(figures) };
    requireGradients(view.gram, this.#prepared);
    const method = this.#weighting();
    if (method === null) {
      this.#decided = { step: at.clock.step, weights: this.#taskWeights().map(() => 1) };
    } else this.#weigh(method, view);
    if (this.#rows !== null && isReported(at.clock.step, this.#prepared.settings.conflictEvery)) {
      this.#pending = new PendingReport(this.#prepared, at, this.#rows);
    }
    return this.#decided!.weights;
  }

  /** The direction of the step in hand from the rows that were taken. */
  direction(clock: Clock): Float32Array {
    const { method, network } = this.#prepared;
    if (method.form !== "aggregator") return this.#rows!.direction(this.#decided!.weights);
    return this.#aggregate(method, clock, network.trunk.block.layout.length);
  }

  /** The step in hand is over; `moved` is what the trunk moved by, where a report wants it. */
  finished(at: At, figures: StepFigures, moved: Float32Array | null): void {
    const learns = this.#prepared.method.learns;
    const { losses, norms } = this.#seen(figures);
    const weights = this.#decided?.step === at.clock.step ? this.#decided.weights : null;
    const steady = weights ?? this.#steadyWeights(at.clock);
    this.#memory = { ...this.#memory, lastWeights: steady };
    this.#pending?.moved({ weights: steady, losses: figures.losses, moved });
    this.#reportWeights(at, figures, steady);
    if (learns === "nothing") return;
    if (learns === "lossesAfter") this.#unlearned = { clock: at.clock, losses, norms };
    else this.#learn({ clock: at.clock, losses, norms, lossesAfter: [] });
  }

  /** No losses after the last step will come: heads move next. */
  endPhase(): void {
    this.#unlearned = null;
    this.#flush({});
  }

  #learnAfter(lossesAfter: Losses): void {
    this.#flush(lossesAfter);
    if (this.#unlearned === null || Object.keys(lossesAfter).length === 0) return;
    const after = this.#weightedLosses(lossesAfter);
    this.#learn({ ...this.#unlearned, lossesAfter: after });
    this.#unlearned = null;
  }

  #learn(outcome: Parameters<NonNullable<Weighting["learn"]>>[1]): void {
    const method = this.#weighting();
    if (method?.learn === undefined) return;
    const learn = method.learn.bind(method);
    const numbers = namingTask(this.#prepared.tasks, () => learn(this.#memory.numbers, outcome));
    this.#memory = { ...this.#memory, numbers };
  }

  #flush(lossesAfter: Losses): void {
    if (this.#pending !== null) this.#hooks.report(this.#pending.complete(lossesAfter));
    this.#pending = null;
  }

  #weigh(method: Weighting, view: StepView): void {
    const { tasks } = this.#prepared;
    const weighed = namingTask(tasks, () => method.weigh(this.#memory.numbers, view));
    requireFinite(weighed, this.#prepared);
    this.#memory = { ...this.#memory, numbers: weighed.state };
    const { settings } = this.#prepared;
    const scale = settings.normalise ?? method.normalise;
    const weights = normalised(weighed.weights, scale, view.gram);
    this.#decided = { step: view.clock.step, weights };
    const fallback = weighed.fallback ?? withoutGradient(view);
    if (fallback !== null) this.#hooks.fallback(fallback, view.clock);
  }

  #aggregate(method: Aggregator, clock: Clock, length: number): Float32Array {
    const { settings, network } = this.#prepared;
    const direction = new Float32Array(length);
    const layers = [...network.trunk.block.layout.parameters.map(({ offset }) => offset), length];
    const random = drawsFor({ seed: settings.seed, purpose: "method", step: clock.step });
    method.aggregate(this.#memory.state, this.#rows!.rows, { clock, random, layers }, direction);
    return direction;
  }

  #weighting(): Weighting | null {
    const { method } = this.#prepared;
    return method.form === "weighting" ? method : null;
  }

  /** lambda, by task. */
  #taskWeights(): number[] {
    const { tasks, settings } = this.#prepared;
    return tasks.map((task) => settings.tasks[task]!.weight);
  }

  /** L = lambda l, by task. */
  #weightedLosses(losses: Losses): number[] {
    const { tasks } = this.#prepared;
    const weights = this.#taskWeights();
    return tasks.map((task, k) => (losses[task] ?? 0) * weights[k]!);
  }

  #seen({ losses, norms }: StepFigures): Pick<StepView, "losses" | "norms" | "gram"> & {
    losses: number[];
    norms: number[];
  } {
    const { tasks } = this.#prepared;
    const gram = this.#rows?.gram ?? [];
    const seen = tasks.flatMap((task) => norms[task] ?? []);
    return {
      losses: this.#weightedLosses(losses),
      // Who needs the inner products is shown what costs less.
      norms: gram.length > 0 ? gram.map((row, k) => Math.sqrt(row[k]!)) : seen,
      gram,
    };
  }

  /** What workers computed by themselves, for the record. */
  #steadyWeights(clock: Clock): readonly number[] {
    const method = this.#weighting();
    if (method === null || method.needs !== "nothing") return this.#taskWeights().map(() => 1);
    const { weights } = method.weigh(this.#memory.numbers, viewOf(this.#prepared, clock));
    return normalised(weights, this.#prepared.settings.normalise ?? method.normalise, []);
  }

  /** Without gradients there is still something to tell, unless every weight is 1 anyway. */
  #reportWeights(at: At, { norms }: StepFigures, weights: readonly number[]): void {
    const { tasks, settings, method } = this.#prepared;
    const isDue = isReported(at.clock.step, settings.conflictEvery);
    if (this.#rows !== null || !isDue || method.form !== "weighting") return;
    const named = (values: readonly number[]) =>
      Object.fromEntries(tasks.map((task, k) => [task, values[k]!]));
    if (weights.every((weight) => weight === 1)) return;
    const withNorms = Object.keys(norms).length > 0 ? { norms } : {};
    this.#hooks.report({ epoch: at.epoch, step: at.step, weights: named(weights), ...withNorms });
  }
}

/** What a method sees of any step. */
export function viewOf({ tasks, settings }: PreparedExperiment, clock: Clock): StepView {
  const random = drawsFor({ seed: settings.seed, purpose: "method", step: clock.step });
  return { taskCount: tasks.length, clock, losses: [], norms: [], gram: [], random };
}

export function initialMemory({ method, tasks, network }: PreparedExperiment): MethodMemory {
  const { layout } = network.trunk.block;
  const size = {
    taskCount: tasks.length,
    length: layout.length,
    layerCount: layout.parameters.length,
  };
  return {
    numbers: method.form === "weighting" ? method.init(tasks.length) : {},
    state: method.form === "aggregator" ? method.init(size) : { arrays: {}, scalars: {} },
    lastWeights: null,
  };
}

function copyMemory({ numbers, state, lastWeights }: MethodMemory): MethodMemory {
  const arrays = Object.entries(state.arrays).map(([name, values]) => [name, values.slice()]);
  const copy = { arrays: Object.fromEntries(arrays), scalars: { ...state.scalars } };
  return { numbers, state: copy, lastWeights };
}

/** Where a method says nothing of it, its weight for a task without a gradient does nothing. */
function withoutGradient({ gram }: StepView): Fallback | null {
  const tasks = [...gram.keys()].filter((k) => gram[k]![k] === 0);
  if (tasks.length === 0) return null;
  return { kind: "zeroGradient", tasks, instead: "its weight moves nothing" };
}

/** Methods know tasks by index. */
function namingTask<T>(tasks: readonly string[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    const index = error instanceof RunError ? error.details.task : undefined;
    if (!(error instanceof RunError) || typeof index !== "number") throw error;
    const { code, message, remedy, details } = error;
    const task = tasks[index]!;
    throw new RunError(code, `Task \`${task}\`: ${message}`, {
      remedy,
      details: { ...details, task },
    });
  }
}

function requireGradients(gram: StepView["gram"], { tasks }: PreparedExperiment): void {
  const broken = gram.findIndex((row, k) => !Number.isFinite(row[k]!));
  if (broken < 0) return;
  throw new RunError(
    "run/not-finite",
    `The trunk's gradient of task \`${tasks[broken]}\` became NaN or infinite.`,
    {
      remedy: "Lower the learning rate, or look at the task's loss and data.",
      details: { task: tasks[broken] },
    },
  );
}

function requireFinite({ weights }: Weighed, { tasks }: PreparedExperiment): void {
  const broken = weights.findIndex((weight) => !Number.isFinite(weight));
  if (broken < 0) return;
  throw new RunError(
    "run/not-finite",
    `The weight of task \`${tasks[broken]}\` became ${weights[broken]}.`,
    {
      remedy: "Lower the learning rate, or choose another method.",
      details: { task: tasks[broken] },
    },
  );
}
