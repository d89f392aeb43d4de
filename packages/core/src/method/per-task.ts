// Options that are lists with one number per task: how many tasks there are is known at `init` only.

import { ExperimentError, expected } from "../errors.ts";

/** Refuses a list `method.NAME` of another length than M. */
export function demandPerTask(name: string, values: readonly number[], taskCount: number): void {
  if (values.length === taskCount) return;
  const path = `method.${name}`;
  const should = `a list of ${taskCount} numbers, one per task`;
  throw new ExperimentError([
    {
      path,
      code: "experiment/invalid-value",
      message: expected(path, should, values),
      remedy: `Set \`${path}\` to ${should}, in the order of the tasks.`,
    },
  ]);
}
