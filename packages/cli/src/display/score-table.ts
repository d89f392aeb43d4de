// Losses and metrics of tasks as a table.

import type { Split, TaskScore } from "@trunkline/core";
import { score } from "./format.ts";
import { textTable } from "./text-table.ts";

/** A head row, then one row a task; a column for each metric that any of them has. */
export function scoreRows(tasks: Readonly<Record<string, TaskScore>>, split: Split): string[][] {
  const metrics = [...new Set(Object.values(tasks).flatMap((task) => Object.keys(task.metrics)))];
  const rows = Object.entries(tasks).map(([name, task]) => [
    name,
    score(task.loss),
    ...metrics.map((metric) => {
      const value = task.metrics[metric];
      return value === undefined ? "" : score(value);
    }),
  ]);
  return [[`task (${split})`, "loss", ...metrics], ...rows];
}

export function scoreTable(
  tasks: Readonly<Record<string, TaskScore>>,
  split: Split,
): readonly string[] {
  return textTable(scoreRows(tasks, split));
}
