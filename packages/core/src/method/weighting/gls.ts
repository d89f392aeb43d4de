// Geometric loss strategy: the geometric mean of the losses.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandLosses } from "../loss-check.ts";

export interface GlsSpec {
  kind: "gls";
}

/**
 * Geometric loss strategy (Chennupati, Sistu, Yogamani & Rawashdeh, MultiNet++: Multi-Stream Feature
 * Aggregation and Geometric Loss Strategy for Multi-Task Learning, CVPR workshops 2019):
 *
 *     L = (prod_k L_k)^(1/M),   alpha_k = dL / dL_k = L / (M L_k)
 *
 * The same direction as {@link logLosses}, and a step that shrinks with the losses. Losses must be
 * positive.
 */
export function gls(): GlsSpec {
  return { kind: "gls" };
}

export const glsDefinition = defineMethod({
  schema: z.strictObject({ kind: z.literal("gls") }),
  make: () => ({
    form: "weighting",
    needs: "losses",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: true,
      weightsSumToOne: "they are the derivatives of the geometric mean",
      weightsSumToTasks: "they are the derivatives of the geometric mean",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh(state, { losses }) {
      demandLosses("gls", "greater than 0", losses);
      const logs = losses.reduce((sum, loss) => sum + Math.log(loss), 0);
      const mean = Math.exp(logs / losses.length);
      return { state, weights: losses.map((loss) => mean / (losses.length * loss)) };
    },
  }),
});
