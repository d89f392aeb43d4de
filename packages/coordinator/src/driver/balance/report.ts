// What the event stream says of one step: what the method saw, what it decided, and what came of it. The
// last comes with the next step's first message.
// Letters: M = tasks.

import {
  type BalanceReport,
  gradientDiagnostics,
  type Losses,
  type PreparedExperiment,
} from "@trunkline/core";
import type { At } from "./balancer.ts";
import type { Rows } from "./rows.ts";

export class PendingReport {
  readonly #at: At;
  readonly #tasks: readonly string[];
  readonly #lambdas: readonly number[];
  readonly #rows: Rows;
  readonly #seen: ReturnType<typeof gradientDiagnostics>;
  readonly #norms: readonly number[];
  #losses: Losses = {};
  #weights: readonly number[] = [];
  #predicted: number[] | null = null;

  constructor({ tasks, settings }: PreparedExperiment, at: At, rows: Rows) {
    this.#at = at;
    this.#tasks = tasks;
    this.#lambdas = tasks.map((task) => settings.tasks[task]!.weight);
    this.#rows = rows;
    this.#seen = gradientDiagnostics(
      rows.gram,
      rows.gram.map(() => 0),
      0,
    );
    this.#norms = rows.gram.map((row, k) => Math.sqrt(row[k]!));
  }

  /** The trunk has moved by `moved` `[P]`; null where nobody kept it. */
  moved(step: { weights: readonly number[]; losses: Losses; moved: Float32Array | null }): void {
    this.#weights = step.weights;
    this.#losses = step.losses;
    const { rows } = this.#rows;
    if (step.moved === null || rows[0]?.length !== step.moved.length) return;
    this.#predicted = rows.map((row) => product(row, step.moved!));
  }

  /** @param lossesAfter - On the step's own batch, after it; empty where nobody measured. */
  complete(lossesAfter: Losses): BalanceReport {
    const { cosines, conflictRate, relativeStationarity } = this.#seen;
    return {
      epoch: this.#at.epoch,
      step: this.#at.step,
      weights: this.#named(this.#weights),
      norms: this.#perTask(this.#norms),
      cosines,
      conflicting: conflictRate,
      stationarity: relativeStationarity,
      ...(this.#predicted && { predicted: this.#perTask(this.#predicted) }),
      ...(Object.keys(lossesAfter).length > 0 && { actual: this.#changes(lossesAfter) }),
    };
  }

  #changes(lossesAfter: Losses): Losses {
    return Object.fromEntries(
      this.#tasks.map((task) => [task, lossesAfter[task]! - this.#losses[task]!]),
    );
  }

  /** Without the tasks' own weights, which the rows have in them. */
  #perTask(values: readonly number[]): Losses {
    return this.#named(values.map((value, k) => value / this.#lambdas[k]!));
  }

  #named(values: readonly number[]): Losses {
    return Object.fromEntries(this.#tasks.map((task, k) => [task, values[k]!]));
  }
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
