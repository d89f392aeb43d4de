// Numbers that a method can make nothing of, or made nothing of: the run ends with an error that names the
// task. Methods know tasks by index.

import { ofTask, RunError, rowNotFinite } from "@trunkline/core";

/** @param broken - Index of the first row that is NaN or infinite, or -1. */
export function requireGradients(broken: number, tasks: readonly string[]): void {
  const task = tasks[broken];
  if (task === undefined) return;
  throw rowNotFinite(task);
}

export function requireWeights(weights: readonly number[], tasks: readonly string[]): void {
  const broken = weights.findIndex((weight) => !Number.isFinite(weight));
  const task = tasks[broken];
  if (task === undefined) return;
  throw new RunError(
    "run/not-finite",
    `The weight of task \`${task}\` became ${weights[broken]}.`,
    { remedy: "Lower the learning rate, or choose another method.", details: { task } },
  );
}

/** What a method throws of a task's index comes out with the task's name. */
export function namingTask<T>(tasks: readonly string[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    const index = error instanceof RunError ? error.details.task : undefined;
    if (!(error instanceof RunError) || typeof index !== "number") throw error;
    throw ofTask(error, tasks[index]!);
  }
}
