// Lowering the learning rate when the validation loss stops falling. A pure reducer: who measures
// the loss, and when, is not its business.

import { z } from "zod";

export const plateauSchema = z.strictObject({
  schedule: z.literal("plateau"),
  initial: z.number().min(0),
  factor: z.number().positive().lt(1).default(0.5),
  patience: z.int().min(1).default(10),
  cooldown: z.int().min(0).default(0),
  minimum: z.number().min(0).default(0),
  minDelta: z.number().min(0).default(1e-4),
});

export type PlateauSpec = z.infer<typeof plateauSchema>;

export interface PlateauOptions {
  initial: number;
  /** What the rate is multiplied by. @default 0.5 */
  factor?: number;
  /** Epochs without improvement after which it is. @default 10 */
  patience?: number;
  /** Epochs after that in which patience does not count. @default 0 */
  cooldown?: number;
  /** The rate never falls below this. @default 0 */
  minimum?: number;
  /** Least decrease of the loss that counts as improvement. @default 1e-4 */
  minDelta?: number;
}

/**
 * Multiplies the rate by `factor` whenever the validation loss has not fallen by more than
 * `minDelta` for `patience` epochs.
 */
export function plateau(options: PlateauOptions): PlateauSpec {
  const { initial, factor = 0.5, patience = 10, cooldown = 0, minimum = 0 } = options;
  const { minDelta = 1e-4 } = options;
  return { schedule: "plateau", initial, factor, patience, cooldown, minimum, minDelta };
}

/** Carried across phases and by checkpoints; plain data. */
export interface PlateauState {
  /** What the initial rate is multiplied by. */
  readonly scale: number;
  /** The best loss so far; null before the first finite one. */
  readonly best: number | null;
  /** Epochs that were finished when it was measured. */
  readonly bestEpoch: number;
  /** Patience counts from this many finished epochs on: the last reduction, plus the cooldown. */
  readonly cooldownUntil: number;
}

/** A validation loss, measured at an edge. */
export interface Examination {
  /** Epochs of the run that are finished. */
  epoch: number;
  loss: number;
}

export function initialPlateau(): PlateauState {
  return { scale: 1, best: null, bestEpoch: 0, cooldownUntil: 0 };
}

/**
 * What the state becomes when a loss is examined. Patience is counted in epochs, however far apart
 * the edges are; one examination lowers the rate at most once. A loss of NaN is no improvement.
 */
export function plateauStep(
  spec: PlateauSpec,
  state: PlateauState,
  { epoch, loss }: Examination,
): PlateauState {
  if (improves(loss, state.best, spec.minDelta)) {
    return { ...state, best: loss, bestEpoch: epoch };
  }
  const waited = epoch - Math.max(state.bestEpoch, state.cooldownUntil);
  if (waited < spec.patience) return state;
  return { ...state, scale: state.scale * spec.factor, cooldownUntil: epoch + spec.cooldown };
}

/** Whether a loss beats the best by more than `minDelta`; the first finite one always does. */
export function improves(loss: number, best: number | null, minDelta: number): boolean {
  return loss < (best ?? Number.POSITIVE_INFINITY) - minDelta;
}
