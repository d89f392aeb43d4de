// The tasks that a run is restricted to: the experiment without the others. Baselines of one task alone
// are made so, from the experiment as it is.

import type { Problem } from "../errors.ts";
import { expected } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { Settings } from "./settings.ts";

/** The settings without the tasks that `only` leaves out; the rest keep the experiment's order. */
export function restricted(settings: Settings): Settings {
  const { only, tasks } = settings;
  if (only === undefined) return settings;
  const kept = Object.entries(tasks).filter(([name]) => only.includes(name));
  return { ...settings, tasks: Object.fromEntries(kept) };
}

/** Names in `only` that are no task's, and those that are there twice. */
export function onlyProblems({ only = [], tasks }: Settings): Problem[] {
  const known = Object.keys(tasks);
  const should = `different names of tasks: ${known.join(", ")}`;
  return only
    .filter((name, i) => !known.includes(name) || only.indexOf(name) < i)
    .map((name) => ({
      path: "only",
      code: "experiment/invalid-value",
      message:
        expected("only", should, name) + (known.includes(name) ? "" : didYouMean(name, known)),
      remedy: "Name each task once, as in `--set only=left` or `--set only=left,right`.",
    }));
}
