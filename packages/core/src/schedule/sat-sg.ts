import type { Schedule } from "./schedule.ts";

export interface SatSgSpec {
  readonly kind: "satSg";
  readonly sameBatch: boolean;
}

export interface SatSgOptions {
  /** Use the trunk's batch for the head update too. @default false */
  sameBatch?: boolean;
}

/**
 * SAT-SG, simple alternate training (Bellavia, Della Santa, Papini, "ATE-SG: alternate through the
 * epochs stochastic gradient for multi-task neural networks", 2026). At each step one trunk update
 *
 *     w_0 <- w_0 - eta grad_{w_0} l(w_0, w_ts; B)
 *
 * then one head update at the new trunk
 *
 *     w_ts <- w_ts - eta grad_{w_ts} l(w_0, w_ts; B')
 *
 * The paper's own listing was not available to us: name and alternation by steps are the paper's; that
 * B' is a *fresh* batch (a second, independent permutation of the epoch) is our reading. It keeps the
 * second gradient unbiased given the past; with `sameBatch` B' = B.
 */
export function satSg(options: SatSgOptions = {}): SatSgSpec {
  return { kind: "satSg", sameBatch: options.sameBatch ?? false };
}

export function satSgSchedule(spec: SatSgSpec): Schedule {
  return {
    cycleEpochs: 1,
    cycle: [{ kind: "joint", epochs: 1 }],
    joint: { order: "trunkFirst", headStream: spec.sameBatch ? "" : "heads" },
  };
}
