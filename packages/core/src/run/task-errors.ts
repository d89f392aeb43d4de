// Errors of a run that are about one task, the same wherever the task was when they were found.

import { RunError } from "../errors.ts";

/** What a piece that does not know its task's name threw, with the name. */
export function ofTask({ code, message, remedy, details }: RunError, task: string): RunError {
  return new RunError(code, `Task \`${task}\`: ${message}`, {
    remedy,
    details: { ...details, task },
  });
}

export function rowNotFinite(task: string): RunError {
  return new RunError(
    "run/not-finite",
    `The trunk's gradient of task \`${task}\` became NaN or infinite.`,
    {
      remedy: "Lower the learning rate, or look at the task's loss and data.",
      details: { task },
    },
  );
}
