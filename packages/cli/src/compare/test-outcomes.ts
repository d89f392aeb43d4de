// Outcomes for the tests of this folder, from the few figures that matter to them.

import type { PhaseRecord, RunResult } from "@trunkline/core";
import type { Measure } from "./measure.ts";
import type { RunKind } from "./plan.ts";
import type { Outcome } from "./run-all.ts";

export const measures: readonly Measure[] = [
  { task: "left", name: "accuracy", better: "higher" },
  { task: "right", name: "loss", better: "lower" },
];

export interface Figures {
  /** Accuracy of the task `left`. */
  left?: number;
  /** Loss of the task `right`. */
  right?: number;
  conflicts?: number;
}

/** A run of 2 s and 3 MB; `[kind, name, seed]`. */
export function done(
  [kind, name, seed]: [RunKind, string, number],
  { left, right, conflicts }: Figures,
): Outcome {
  const tasks = {
    ...(left !== undefined && { left: { loss: 9, metrics: { accuracy: left } } }),
    ...(right !== undefined && { right: { loss: right, metrics: { accuracy: 0 } } }),
  };
  const phase = { seconds: 1, bytes: { sent: 1_000_000, received: 500_000 } } as PhaseRecord;
  const result = { status: "finished", tasks, phases: [phase, phase] } as unknown as RunResult;
  return { run: planned(kind, name, seed), cached: false, result, conflicts };
}

export function failed([kind, name, seed]: [RunKind, string, number]): Outcome {
  const failure = { code: "run/not-finite", message: 'The loss of "left" is NaN.' };
  return { run: planned(kind, name, seed), cached: false, failure };
}

function planned(kind: RunKind, name: string, seed: number): Outcome["run"] {
  const folder = `${name}-seed${seed}`;
  return { kind, name, seed, folder, overrides: { set: {} }, workers: 1 };
}
