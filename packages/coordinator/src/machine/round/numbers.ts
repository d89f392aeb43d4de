// Whether the numbers of a message are those of its shard's tasks: what a method is shown is whole, or it is
// not shown. What the numbers mean is not known here.

import type { Losses } from "@trunkline/core";
import type { Context } from "../context.ts";
import { activeTasks } from "./round.ts";

/** Whether the record has exactly these tasks. */
export function hasTasks(record: object, tasks: readonly string[]): boolean {
  return (
    Object.keys(record).length === tasks.length &&
    tasks.every((task) => Object.hasOwn(record, task))
  );
}

interface Numbers {
  shard: number;
  losses: Losses;
  lossesAfter: Losses;
  norms?: Losses;
  dominance?: Readonly<Record<string, readonly unknown[]>>;
}

/**
 * Whether a message of the round in hand has a loss for each of its tasks, and of everything else all of
 * them or none.
 *
 * @param wanted - Whether there have to be norms.
 */
export function numbersFit(
  context: Context,
  { shard, losses, lossesAfter, norms = {}, dominance = {} }: Numbers,
  wanted: { norms: boolean },
): boolean {
  const tasks = activeTasks(context)[shard]!;
  const { trunkArrays } = context.plan;
  return (
    hasTasks(losses, tasks) &&
    hasTasksOrNone(lossesAfter, tasks) &&
    (wanted.norms ? hasTasks(norms, tasks) : hasTasksOrNone(norms, tasks)) &&
    hasTasksOrNone(dominance, tasks) &&
    Object.values(dominance).every((arrays) => arrays.length === trunkArrays)
  );
}

function hasTasksOrNone(record: object, tasks: readonly string[]): boolean {
  return Object.keys(record).length === 0 || hasTasks(record, tasks);
}
