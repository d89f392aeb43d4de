// Numbers by task, between the order that methods know and the names that everybody else knows.
// Letters: M = tasks, lambda = their own weights.

import type { Losses, PreparedExperiment } from "@trunkline/core";

export function named(tasks: readonly string[], values: readonly number[]): Losses {
  return Object.fromEntries(tasks.map((task, k) => [task, values[k]!]));
}

/** `[M]`, or nothing where nobody told anything. */
export function inOrder(tasks: readonly string[], values: Losses): number[] {
  return Object.keys(values).length === 0 ? [] : tasks.map((task) => values[task]!);
}

/** lambda, `[M]`. */
export function lambdasOf({ tasks, settings }: PreparedExperiment): number[] {
  return tasks.map((task) => settings.tasks[task]!.weight);
}

/** By name, and of the losses as the user wrote them: without lambda, which a method's view has in it. */
export function plainOf(prepared: PreparedExperiment, values: readonly number[]): Losses {
  const lambdas = lambdasOf(prepared);
  return named(
    prepared.tasks,
    values.map((value, k) => value / lambdas[k]!),
  );
}
