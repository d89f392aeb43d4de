// The task that a command names, or the names that it has to choose from.

import { didYouMean, EnvironmentError } from "@trunkline/core";
import type { RunRecord } from "./run-record.ts";

/** Throws unless the run has the task. */
export function requireTask({ settings }: RunRecord, task: string): void {
  const tasks = Object.keys(settings.tasks);
  if (tasks.includes(task)) return;
  const hint = didYouMean(task, tasks);
  throw new EnvironmentError("cli/invalid-option", `The run has no task \`${task}\`.${hint}`, {
    remedy: `Choose one with --task: ${tasks.join(", ")}.`,
    details: { task, tasks },
  });
}
