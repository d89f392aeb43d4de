// From command-line options to the overrides of a run. Every option of the run is a `--set` by another
// name, so that there is one way in which an experiment is changed.

import type { Overrides } from "@trunkline/core";

/** Options of a run that have a name of their own. */
export interface RunOptions {
  epochs?: string;
  seed?: string;
  schedule?: string;
  sharedEpochs?: string;
  headEpochs?: string;
  set?: Record<string, string>;
}

export function overridesOf(options: RunOptions): Overrides {
  const named = {
    epochs: options.epochs,
    seed: options.seed,
    schedule: options.schedule,
    "schedule.sharedEpochs": options.sharedEpochs,
    "schedule.headEpochs": options.headEpochs,
  };
  const given = Object.entries(named).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  return { set: { ...Object.fromEntries(given), ...options.set } };
}
