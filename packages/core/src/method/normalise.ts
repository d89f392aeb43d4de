// The scale of a method's weights. Published forms differ by constants up to M, which an adaptive optimizer
// hides and plain SGD takes for another learning rate.

import type { Matrix, Normalisation } from "./method.ts";
import { quadraticForm } from "./solver/gram.ts";

/**
 * `weights` `[M]` times the factor that the normalisation asks for: none; such that they sum to M; or such
 * that the direction is as long as the mean gradient. As they are where that factor does not exist.
 *
 * @param gram - G `[M, M]`; looked at for `meanNorm` alone.
 */
export function normalised(
  weights: readonly number[],
  to: Normalisation,
  gram: Matrix,
): readonly number[] {
  if (to === "none") return weights;
  const factor = to === "sumToTasks" ? toTasks(weights) : toMeanNorm(weights, gram);
  return Number.isFinite(factor) && factor > 0 ? weights.map((weight) => factor * weight) : weights;
}

const toTasks = (weights: readonly number[]) =>
  weights.length / weights.reduce((sum, weight) => sum + weight, 0);

function toMeanNorm(weights: readonly number[], gram: Matrix): number {
  const mean = weights.map(() => 1 / weights.length);
  return Math.sqrt(quadraticForm(gram, mean) / quadraticForm(gram, weights));
}
