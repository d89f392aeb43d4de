// What a method remembers between steps, at the coordinator: plain values, kept with each snapshot.

import type { OptimizerState } from "../optimizer/state.ts";
import type { MethodState } from "./method.ts";

export interface MethodMemory {
  /** Of a weighting. */
  readonly numbers: MethodState;
  /** Of an aggregator; its arrays are written to. */
  readonly state: OptimizerState;
  /** Weights of the last step, which scale heads until the next; null before the first. */
  readonly lastWeights: readonly number[] | null;
}

/** The memory of a method that has none. */
export const noMemory: MethodMemory = {
  numbers: {},
  state: { arrays: {}, scalars: {} },
  lastWeights: null,
};
