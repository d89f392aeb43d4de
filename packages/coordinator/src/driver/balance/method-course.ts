// A method through the steps of a run: what it remembers, and what it makes of what it is shown.
// Letters: M = tasks, P = length of the trunk.

import {
  type Aggregator,
  type Clock,
  emptyView,
  type Fallback,
  type MethodMemory,
  normalised,
  type PreparedExperiment,
  type SteadyTerms,
  type StepView,
  steadyWeights,
  type Weighting,
} from "@trunkline/core";
import { namingTask, requireWeights } from "./checks.ts";
import { withoutGradient } from "./fallbacks.ts";
import { copyMemory, initialMemory } from "./memory.ts";

export type Seen = Pick<StepView, "losses" | "norms" | "gram">;
export type Outcome = Parameters<NonNullable<Weighting["learn"]>>[1];

export interface Decision {
  step: number;
  /** `[M]` */
  weights: readonly number[];
  fallback: Fallback | null;
}

export const nothingSeen: Seen = { losses: [], norms: [], gram: [] };

export class MethodCourse {
  readonly #prepared: PreparedExperiment;
  readonly #terms: SteadyTerms;
  #memory: MethodMemory;

  constructor(prepared: PreparedExperiment) {
    const { method, tasks, settings } = prepared;
    const { seed, normalise } = settings;
    this.#prepared = prepared;
    this.#terms = { method, taskCount: tasks.length, seed, normalise };
    this.#memory = initialMemory(prepared);
  }

  /** A copy that is not written to any more. */
  get memory(): MethodMemory {
    return copyMemory(this.#memory);
  }

  restore(memory: MethodMemory): void {
    this.#memory = copyMemory(memory);
  }

  /** Null where the method gives no weights. */
  get weighting(): Weighting | null {
    const { method } = this.#prepared;
    return method.form === "weighting" ? method : null;
  }

  /** The weights of a step, from what is seen of it; all 1 where the method gives none. */
  weigh(clock: Clock, seen: Seen): Decision {
    const { tasks } = this.#prepared;
    const method = this.weighting;
    if (method === null) return { step: clock.step, weights: tasks.map(() => 1), fallback: null };
    const view = { ...emptyView(this.#terms, clock), ...seen };
    const weighed = namingTask(tasks, () => method.weigh(this.#memory.numbers, view));
    requireWeights(weighed.weights, tasks);
    this.#memory = { ...this.#memory, numbers: weighed.state };
    const scale = this.#terms.normalise ?? method.normalise;
    return {
      step: clock.step,
      weights: normalised(weighed.weights, scale, seen.gram),
      fallback: weighed.fallback ?? withoutGradient(seen),
    };
  }

  /** Weights that workers computed by themselves, from the clock alone; all 1 where they did not. */
  steadyWeights(clock: Clock): readonly number[] {
    return steadyWeights(this.#terms, clock) ?? this.#prepared.tasks.map(() => 1);
  }

  learn(outcome: Outcome): void {
    const method = this.weighting;
    if (method?.learn === undefined) return;
    const learn = method.learn.bind(method);
    const numbers = namingTask(this.#prepared.tasks, () => learn(this.#memory.numbers, outcome));
    this.#memory = { ...this.#memory, numbers };
  }

  /** The step was made at these weights. */
  stepped(weights: readonly number[]): void {
    this.#memory = { ...this.#memory, lastWeights: weights };
  }

  /** Weights that scale heads beside the trunk's gradients: those of the last step. Null where all are 1. */
  headWeights(): number[] | null {
    const { lastWeights } = this.#memory;
    if (!this.#prepared.scaleHeads || lastWeights === null) return null;
    return lastWeights.every((weight) => weight === 1) ? null : [...lastWeights];
  }

  /** Writes the direction into `target` `[P]`; may write to `rows` `[M][P]`. */
  aggregate(
    method: Aggregator,
    clock: Clock,
    { rows, target }: { rows: readonly Float32Array[]; target: Float32Array },
  ): Float32Array {
    const { parameters, length } = this.#prepared.network.trunk.block.layout;
    const layers = [...parameters.map(({ offset }) => offset), length];
    const { random } = emptyView(this.#terms, clock);
    method.aggregate(this.#memory.state, rows, { clock, random, layers }, target);
    return target;
  }
}
