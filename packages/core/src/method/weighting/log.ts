// The sum of the losses' logarithms, which no scale of a loss can change.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandLosses } from "../loss-check.ts";

export interface LogLossesSpec {
  kind: "log";
}

/**
 * Logarithmic losses, also called scale-invariant losses: the trunk descends
 *
 *     L = sum_k log L_k,   alpha_k = 1 / L_k
 *
 * the objective that DB-MTL (Lin et al., Dual-Balancing for Multi-Task Learning, 2023)
 * starts from, and the one that {@link uw} and {@link imtlL} have where their own variables are at
 * rest. Losses must be positive.
 */
export function logLosses(): LogLossesSpec {
  return { kind: "log" };
}

export const logDefinition = defineMethod({
  schema: z.strictObject({ kind: z.literal("log") }),
  make: () => ({
    form: "weighting",
    needs: "losses",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the gradient of log L is g / L",
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: true,
      weightsSumToOne: "a weight is 1 / L_k, whatever the others are",
      weightsSumToTasks: "a weight is 1 / L_k, whatever the others are",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh(state, { losses }) {
      demandLosses("log", "greater than 0", losses);
      return { state, weights: losses.map((loss) => 1 / loss) };
    },
  }),
});
