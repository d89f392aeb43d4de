// The line that a comparison shows for each of its runs.

import { duration } from "../display/format.ts";
import type { PlannedRun } from "./plan.ts";

export interface RunLine {
  run: PlannedRun;
  /** Of this run, from 1. */
  number: number;
  runs: number;
  cached: boolean;
  /** The runs that are not cached: how many in all, how many of them are done, and what those took. */
  fresh: { total: number; done: number; seconds: number };
}

export function runLine({ run, number, runs, cached, fresh }: RunLine): string {
  const text = `[${number} of ${runs}] ${titleOf(run)}, seed ${run.seed}`;
  if (cached) return `${text}: cached`;
  if (fresh.done === 0) return text;
  const left = (fresh.total - fresh.done) * (fresh.seconds / fresh.done);
  return `${text}; about ${duration(left)} left`;
}

function titleOf({ kind, name }: PlannedRun): string {
  if (kind === "single") return `${name} alone`;
  return kind === "fixed" ? `fixed weights ${name}` : name;
}
