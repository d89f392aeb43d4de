// The result of a run, from what the machine knows at its end and what the driver kept.

import {
  type Hashes,
  type PhaseRecord,
  type PreparedExperiment,
  type RunResult,
  scheduleNames,
} from "@trunkline/core";
import type { Effect } from "../machine/effects.ts";
import type { RunPlan } from "../machine/plan.ts";

export interface ResultParts {
  plan: RunPlan;
  experiment: PreparedExperiment;
  phases: readonly PhaseRecord[];
  hashes: Hashes;
}

export function resultOf(
  effect: Extract<Effect, { type: "finish" }>,
  { plan, experiment, phases, hashes }: ResultParts,
): RunResult {
  const { settings } = experiment;
  const { status, epochs, split, tasks, updates, seconds, backend } = effect;
  return {
    run: plan.run,
    experiment: plan.experiment,
    seed: settings.seed,
    backend,
    workers: plan.workers,
    schedule: scheduleNames[settings.schedule.kind],
    method: settings.method.kind,
    layout: settings.layout,
    shards: plan.shards.length,
    epochs,
    seconds,
    bits: effect.mixed ? "not promised" : "equal",
    status,
    split,
    tasks,
    updates,
    phases,
    hashes,
  };
}
