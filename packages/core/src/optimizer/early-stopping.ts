// Stopping when the validation loss stops falling. A pure reducer: the caller measures at edges,
// keeps the best weights, and acts on the decision.

import { type Examination, improves } from "./plateau.ts";

export interface EarlyStoppingSpec {
  /** Epochs without improvement after which training stops. */
  patience: number;
  /** Least decrease of the loss that counts as improvement. @default 0 */
  minDelta?: number | undefined;
}

/** Carried across phases and by checkpoints; plain data. */
export interface EarlyStoppingState {
  /** The best loss so far; null before the first finite one. */
  readonly best: number | null;
  /** Epochs that were finished when it was measured. */
  readonly bestEpoch: number;
}

export interface EarlyStoppingDecision {
  state: EarlyStoppingState;
  /** Patience is used up. */
  stop: boolean;
  /** This loss is the new best, so these weights are the ones to keep. */
  improved: boolean;
}

export function initialEarlyStopping(): EarlyStoppingState {
  return { best: null, bestEpoch: 0 };
}

/**
 * Examines a validation loss. Training stops once `patience` epochs have passed since the best
 * loss, however far apart the edges are; a loss of NaN is no improvement.
 */
export function earlyStoppingStep(
  { patience, minDelta = 0 }: EarlyStoppingSpec,
  state: EarlyStoppingState,
  { epoch, loss }: Examination,
): EarlyStoppingDecision {
  if (improves(loss, state.best, minDelta)) {
    return { state: { best: loss, bestEpoch: epoch }, stop: false, improved: true };
  }
  return { state, stop: epoch - state.bestEpoch >= patience, improved: false };
}
