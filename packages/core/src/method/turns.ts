// Whose turn it is where tasks move the trunk one after the other, in a new order at each step.

import { drawsFor } from "../random/draws.ts";
import { permutation } from "../random/permutation.ts";

export interface TurnKey {
  /** The run's seed. */
  seed: number;
  /** M. */
  tasks: number;
  epoch: number;
  step: number;
}

/** Index of the task that moves the trunk in the `turn`-th round of a step, of M. */
export function turnOf({ seed, tasks, epoch, step }: TurnKey, turn: number): number {
  return permutation(tasks, drawsFor({ seed, purpose: "turns", epoch, step }))[turn]!;
}
