// What the event stream says of one step: what the method saw, what it decided, and what came of it.
// Letters: M = tasks.

import {
  type BalanceReport,
  gradientDiagnostics,
  type Losses,
  type PreparedExperiment,
} from "@trunkline/core";
import type { At } from "./at.ts";
import { inOrder, named, plainOf } from "./per-task.ts";
import type { Rows } from "./rows.ts";

export type StepReport = BalanceReport & { phase: number };

/** Of a step whose gradients are together. What came of it is known with the next step's first message. */
export class PendingReport {
  readonly #prepared: PreparedExperiment;
  readonly #at: At;
  readonly #rows: Rows;
  readonly #seen: ReturnType<typeof gradientDiagnostics>;
  readonly #norms: readonly number[];
  #losses: Losses = {};
  #weights: readonly number[] = [];
  #predicted: number[] | null = null;

  constructor(prepared: PreparedExperiment, at: At, rows: Rows) {
    this.#prepared = prepared;
    this.#at = at;
    this.#rows = rows;
    this.#seen = gradientDiagnostics(rows.gram);
    this.#norms = rows.gram.map((row, k) => Math.sqrt(row[k]!));
  }

  /** The trunk has moved by `moved` `[P]`; null where nobody kept it, or the rows. */
  moved(step: { weights: readonly number[]; losses: Losses; moved: Float32Array | null }): void {
    this.#weights = step.weights;
    this.#losses = step.losses;
    const { moved } = step;
    if (moved !== null) this.#predicted = this.#rows.rows.map((row) => product(row, moved));
  }

  /** @param lossesAfter - On the step's own batch, after it; empty where nobody measured. */
  complete(lossesAfter: Losses): StepReport {
    const { tasks, method } = this.#prepared;
    const { phase, epoch, step } = this.#at;
    const { cosines, conflictRate, stationarity } = this.#seen;
    return {
      phase,
      epoch,
      step,
      ...(method.form === "weighting" && { weights: named(tasks, this.#weights) }),
      norms: plainOf(this.#prepared, this.#norms),
      cosines,
      conflicting: conflictRate,
      stationarity,
      ...(this.#predicted && { predicted: plainOf(this.#prepared, this.#predicted) }),
      ...(Object.keys(lossesAfter).length > 0 && { actual: this.#changes(lossesAfter) }),
    };
  }

  #changes(lossesAfter: Losses): Losses {
    const changes = this.#prepared.tasks.map((task) => lossesAfter[task]! - this.#losses[task]!);
    return named(this.#prepared.tasks, changes);
  }
}

/** Of a step whose gradients nobody saw together; null where it would say nothing: no norms, all weights 1. */
export function plainReport(
  prepared: PreparedExperiment,
  { phase, epoch, step }: At,
  { weights, norms }: { weights: readonly number[]; norms: Losses },
): StepReport | null {
  const seen = inOrder(prepared.tasks, norms);
  if (seen.length === 0 && weights.every((weight) => weight === 1)) return null;
  const withNorms = seen.length > 0 ? { norms: plainOf(prepared, seen) } : {};
  return { phase, epoch, step, weights: named(prepared.tasks, weights), ...withNorms };
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
