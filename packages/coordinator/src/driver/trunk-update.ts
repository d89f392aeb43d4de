// One update of the trunk: clip, optimizer step, statistics.

import {
  type BlockState,
  clipByGlobalNorm,
  clipByValue,
  flatOptimizer,
  initialPlateau,
  learningRateAt,
  type PreparedExperiment,
  RunError,
} from "@trunkline/core";
import { notFiniteIn } from "./not-finite.ts";

export interface TrunkUpdate {
  /** `[P]`; overwritten. */
  direction: Float32Array;
  /** Empty where the trunk has none. */
  statistics: Float32Array | null;
  /** Global epoch, which the learning rate follows. */
  epoch: number;
  /** Factor on the learning rate that a plateau schedule has come to. */
  learningRateScale: number;
}

/** Makes the function that moves the trunk in place. It throws `run/not-finite`. */
export function trunkUpdater({ settings, trunkOptimizer: spec }: PreparedExperiment) {
  const optimizer = flatOptimizer(spec);
  const { value, globalNorm } = settings.clip.trunk;
  return (trunk: BlockState, update: TrunkUpdate): void => {
    const { direction, statistics } = update;
    if (value !== undefined) clipByValue(direction, value);
    if (globalNorm !== undefined) clipByGlobalNorm(direction, globalNorm);
    const plateau = { ...initialPlateau(), scale: update.learningRateScale };
    const rate = learningRateAt(spec.learningRate, update.epoch, settings.epochs, plateau);
    optimizer.update(trunk.optimizer, trunk.weights, direction, rate);
    if (statistics !== null) trunk.statistics.set(statistics);
    const broken = notFiniteIn(trunk);
    if (broken !== undefined) throw trunkNotFinite(broken, update.epoch);
  };
}

export function trunkNotFinite(what: string, epoch: number): RunError {
  return new RunError(
    "run/not-finite",
    `The trunk's ${what} became NaN or infinite in epoch ${epoch}.`,
    { remedy: "Lower the learning rate, or clip gradients with `clip.trunk`." },
  );
}
