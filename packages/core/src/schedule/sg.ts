import type { Schedule } from "./schedule.ts";

/** Joint stochastic gradient, the baseline. */
export interface SgSpec {
  readonly kind: "sg";
}

/**
 * Joint stochastic gradient: trunk and heads move on every step, from gradients at the same weights.
 * The baseline that alternation is compared with.
 */
export function sg(): SgSpec {
  return { kind: "sg" };
}

export function sgSchedule(): Schedule {
  return {
    cycleEpochs: 1,
    cycle: [{ kind: "joint", epochs: 1 }],
    joint: { order: "simultaneous", headStream: "" },
  };
}
