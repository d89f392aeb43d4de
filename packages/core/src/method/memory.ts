// What a method remembers between steps, at the coordinator: plain values, kept with each snapshot.

import type { OptimizerState } from "../optimizer/state.ts";
import type { MethodState } from "./method.ts";

export interface MethodMemory {
  /** Of a weighting. */
  readonly numbers: MethodState;
  /** Of an aggregator; its arrays are written to. */
  readonly state: OptimizerState;
}

/** The memory of a method that has none. */
export const noMemory: MethodMemory = { numbers: {}, state: { arrays: {}, scalars: {} } };
