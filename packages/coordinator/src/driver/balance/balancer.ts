// The method of a run at work: it is shown what it asked for, what it decided is handed to workers or made
// into the trunk's direction, and the event stream hears of it. It never learns where the figures came from.
// Letters: M = tasks.

import {
  type Clock,
  type Fallback,
  holdsRows,
  isReported,
  type Losses,
  type MethodMemory,
  type PreparedExperiment,
} from "@trunkline/core";
import type { StepFigures } from "../../machine/effects.ts";
import type { At } from "./at.ts";
import { requireGradients } from "./checks.ts";
import { Fallbacks } from "./fallbacks.ts";
import { type Decision, MethodCourse, nothingSeen, type Outcome } from "./method-course.ts";
import { inOrder, lambdasOf } from "./per-task.ts";
import { PendingReport, plainReport, type StepReport } from "./report.ts";
import { Rows } from "./rows.ts";

export interface BalancerHooks {
  report(report: StepReport): void;
  fallback(fallback: Fallback, at: At): void;
}

export class Balancer {
  readonly #prepared: PreparedExperiment;
  readonly #hooks: BalancerHooks;
  readonly #course: MethodCourse;
  readonly #fallbacks: Fallbacks;
  readonly #rows: Rows | null;
  /** Of the step in hand, or of the one to come; with the norms that the method was shown, if any. */
  #decided: (Decision & { norms: Losses }) | null = null;
  /** A step whose losses after it are still to come. */
  #unlearned: Omit<Outcome, "lossesAfter"> | null = null;
  #pending: PendingReport | null = null;

  constructor(
    prepared: PreparedExperiment,
    { chunkLength, hooks }: { chunkLength: number; hooks: BalancerHooks },
  ) {
    this.#prepared = prepared;
    this.#hooks = hooks;
    this.#course = new MethodCourse(prepared);
    this.#fallbacks = new Fallbacks((fallback, at) => hooks.fallback(fallback, at));
    this.#rows = rowsFor(prepared, chunkLength);
  }

  /** A copy that is not written to any more. */
  get memory(): MethodMemory {
    return this.#course.memory;
  }

  /** Goes on from a memory; what was in hand is dropped. */
  restore(memory: MethodMemory): void {
    this.#course.restore(memory);
    this.#decided = null;
    this.#unlearned = null;
    this.#pending = null;
    this.#fallbacks.forget();
  }

  /** Whether the report of the step in hand wants to know how the trunk moved. */
  get wantsMovement(): boolean {
    const isPredicted = this.#rows?.isKept === true && this.#course.weighting !== null;
    return isPredicted && this.#pending !== null;
  }

  /** Takes one stretch of all tasks' gradients of a step. */
  takeRows(clock: Clock, chunk: number, rows: readonly Float32Array[]): void {
    const products = this.#course.weighting !== null || this.#isReported(clock);
    this.#rows!.take({ chunk, rows, products });
  }

  /**
   * Weights of the step to come, where they follow from finished steps alone; null where workers have them
   * from counters, or where the step's own figures decide.
   */
  next(clock: Clock): number[] | null {
    const method = this.#course.weighting;
    if (method === null || method.needs !== "nothing" || method.learns === "nothing") return null;
    if (this.#decided?.step !== clock.step) {
      this.#decided = { ...this.#course.weigh(clock, nothingSeen), norms: {} };
    }
    return [...this.#decided.weights];
  }

  /** Weights that scale heads beside the trunk's gradients: those of the last step. Null where all are 1. */
  headWeights(): number[] | null {
    return this.#course.headWeights();
  }

  /** Decides the weights of the step in hand. */
  weigh(at: At, figures: StepFigures): readonly number[] {
    this.#learnAfter(figures.lossesAfter);
    if (this.#rows !== null) requireGradients(this.#rows.notFinite, this.#prepared.tasks);
    const decided = this.#course.weigh(at.clock, this.#seen(figures));
    this.#decided = { ...decided, norms: figures.norms };
    if (this.#rows !== null && this.#isReported(at.clock)) {
      this.#pending = new PendingReport(this.#prepared, at, this.#rows);
    }
    this.#fallbacks.note(at, decided.fallback);
    return decided.weights;
  }

  /** The direction of the step in hand from the rows that were taken; borrowed, until the next step. */
  direction(clock: Clock): Float32Array {
    const { method } = this.#prepared;
    if (method.form === "aggregator") return this.#course.aggregate(method, clock, this.#rows!);
    return this.#rows!.direction(this.#decided!.weights);
  }

  /** The step in hand is over; `moved` is what the trunk moved by, where a report wants it. */
  finished(at: At, figures: StepFigures, moved: Float32Array | null): void {
    const decided = this.#decided?.step === at.clock.step ? this.#decided : null;
    const weights = decided?.weights ?? this.#course.steadyWeights(at.clock);
    // Weights that were decided before the step began: now it is known where it was.
    if (this.#prepared.method.needs === "nothing") {
      this.#fallbacks.note(at, decided?.fallback ?? null);
    }
    this.#course.stepped(weights);
    if (this.#rows === null) {
      this.#reportPlain(at, { weights, norms: { ...decided?.norms, ...figures.norms } });
    } else this.#pending?.moved({ weights, losses: figures.losses, moved });
    this.#learnFrom(at.clock, figures);
  }

  /** No losses after the last step will come: heads move next. */
  endPhase(): void {
    this.#unlearned = null;
    this.#flush({});
  }

  #learnFrom(clock: Clock, figures: StepFigures): void {
    const { learns } = this.#prepared.method;
    if (learns === "nothing") return;
    const { losses, norms } = this.#seen(figures);
    if (learns === "lossesAfter") this.#unlearned = { clock, losses, norms };
    else this.#course.learn({ clock, losses, norms, lossesAfter: [] });
  }

  #learnAfter(lossesAfter: Losses): void {
    this.#flush(lossesAfter);
    if (this.#unlearned === null || Object.keys(lossesAfter).length === 0) return;
    this.#course.learn({ ...this.#unlearned, lossesAfter: this.#weightedLosses(lossesAfter) });
    this.#unlearned = null;
  }

  #flush(lossesAfter: Losses): void {
    if (this.#pending !== null) this.#hooks.report(this.#pending.complete(lossesAfter));
    this.#pending = null;
  }

  #isReported({ step }: Clock): boolean {
    return isReported(step, this.#prepared.settings.conflictEvery);
  }

  /** L = lambda l, by task. */
  #weightedLosses(losses: Losses): number[] {
    const lambdas = lambdasOf(this.#prepared);
    return inOrder(this.#prepared.tasks, losses).map((loss, k) => loss * lambdas[k]!);
  }

  #seen({ losses, norms }: StepFigures) {
    const gram = this.#rows?.gram ?? [];
    return {
      losses: this.#weightedLosses(losses),
      // Who needs the inner products is shown what costs less.
      norms:
        gram.length > 0
          ? gram.map((row, k) => Math.sqrt(row[k]!))
          : inOrder(this.#prepared.tasks, norms),
      gram,
    };
  }

  #reportPlain(at: At, step: { weights: readonly number[]; norms: Losses }): void {
    if (this.#course.weighting === null || !this.#isReported(at.clock)) return;
    const report = plainReport(this.#prepared, at, step);
    if (report !== null) this.#hooks.report(report);
  }
}

/** Null where nobody looks at gradients together. */
function rowsFor(
  { method, settings, shards, network }: PreparedExperiment,
  chunkLength: number,
): Rows | null {
  if (method.needs !== "gram" && method.needs !== "rows") return null;
  return new Rows({
    shardSizes: shards.map((tasks) => tasks.length),
    length: network.trunk.block.layout.length,
    chunkLength,
    kept: holdsRows(method, settings.rows.twoPass),
  });
}
