// Where a run stands, for its method and for people.

import type { Clock } from "@trunkline/core";

export interface At {
  /** Counts the run's shared and joint steps. */
  clock: Clock;
  phase: number;
  /** Global epoch, and step within it. */
  epoch: number;
  step: number;
}
