// The factors of one step: those on a shard's rows, and those on its heads' gradients.

import {
  type Clock,
  clockAt,
  type PreparedExperiment,
  reductionWeights,
  steadyWeights,
} from "@trunkline/core";

export class StepWeights {
  readonly #prepared: PreparedExperiment;
  /** The method's, of the last step, by task of the experiment; null where all are 1. */
  #latest: readonly number[] | null = null;

  constructor(prepared: PreparedExperiment) {
    this.#prepared = prepared;
  }

  /** Weights that the coordinator decided. */
  set(weights: readonly number[]): void {
    this.#latest = weights;
  }

  /** Weights of a step that needs nothing of itself: told, or computed from counters. */
  begin(told: readonly number[] | null, clock: Clock): void {
    const { method, settings, tasks } = this.#prepared;
    const { seed, normalise } = settings;
    const terms = { method, taskCount: tasks.length, seed, normalise };
    this.#latest = told ?? steadyWeights(terms, clock);
  }

  clockAt(trunkVersion: number): Clock {
    return clockAt(trunkVersion, this.#prepared);
  }

  /** The method's, where they scale heads; null where they do not. */
  get ofHeads(): readonly number[] | null {
    return this.#prepared.scaleHeads ? this.#latest : null;
  }

  /** On the rows of a shard's tasks. */
  onRows(tasks: readonly string[]): number[] {
    const { method, settings } = this.#prepared;
    if (method.form !== "steps") return this.#own(tasks, this.#latest);
    const lambdas = this.#prepared.tasks.map((task) => settings.tasks[task]!.weight);
    return this.#own(tasks, reductionWeights(method, lambdas));
  }

  /** On the heads' gradients, as a joint pass has them: lambda is in them but under step methods. */
  onHeads(tasks: readonly string[]): number[] {
    const { method, settings } = this.#prepared;
    const weights = this.#own(tasks, this.ofHeads);
    if (method.form !== "steps") return weights;
    return tasks.map((task, k) => weights[k]! * settings.tasks[task]!.weight);
  }

  #own(tasks: readonly string[], all: readonly number[] | null): number[] {
    return tasks.map((task) => all?.[this.#prepared.tasks.indexOf(task)] ?? 1);
  }
}
