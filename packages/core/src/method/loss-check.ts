// Losses that a method has no meaning for. A method calls this where its formula would give NaN, infinity
// or a step uphill.

import { expected, RunError } from "../errors.ts";

export type LossBound = "greater than 0" | "at least 0";

/** Refuses the first of the losses `[M]` that is not within the bound. */
export function demandLosses(method: string, bound: LossBound, losses: readonly number[]): void {
  for (const [task, loss] of losses.entries()) demandLoss(method, bound, loss, task);
}

/** Refuses one loss that is not within the bound; a transform does not know its task. */
export function demandLoss(method: string, bound: LossBound, loss: number, task?: number): void {
  if (loss > 0 || (loss === 0 && bound === "at least 0")) return;
  const parameter = task === undefined ? "loss" : `losses[${task}]`;
  throw new RunError("run/negative-loss", expected(parameter, bound, loss), {
    remedy: `Use a loss that is always ${bound}, or another method than \`${method}\`.`,
    details: { method, loss, ...(task === undefined ? {} : { task }) },
  });
}
