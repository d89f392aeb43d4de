// One update of the trunk: reduce in shard order, clip, optimizer step.

import {
  type BlockState,
  clipByGlobalNorm,
  clipByValue,
  flatOptimizer,
  initialPlateau,
  learningRateAt,
  meanShards,
  type PreparedExperiment,
  RunError,
  sumShards,
} from "@trunkline/core";
import { notFiniteIn } from "./store.ts";

export interface TrunkUpdate {
  /** By shard, `[P]`; overwritten. */
  gradients: readonly Float32Array[];
  /** By shard; empty where the trunk has no statistics. Overwritten. */
  statistics: readonly Float32Array[];
  /** Global epoch, which the learning rate follows. */
  epoch: number;
  /** Factor on the learning rate that a plateau schedule has come to. */
  learningRateScale: number;
}

/** Makes the function that moves the trunk in place. It throws `run/not-finite`. */
export function trunkUpdater({ settings }: PreparedExperiment) {
  const spec = settings.optimizer.trunk;
  const optimizer = flatOptimizer(spec);
  const { value, globalNorm } = settings.clip.trunk;
  return (trunk: BlockState, update: TrunkUpdate): void => {
    const gradient = sumShards(update.gradients);
    if (value !== undefined) clipByValue(gradient, value);
    if (globalNorm !== undefined) clipByGlobalNorm(gradient, globalNorm);
    const plateau = { ...initialPlateau(), scale: update.learningRateScale };
    const rate = learningRateAt(spec.learningRate, update.epoch, settings.epochs, plateau);
    optimizer.update(trunk.optimizer, trunk.weights, gradient, rate);
    if (update.statistics.length > 0) trunk.statistics.set(meanShards(update.statistics));
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
