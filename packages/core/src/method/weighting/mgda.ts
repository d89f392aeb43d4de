// MGDA: the shortest vector in the convex hull of the gradients.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandLosses } from "../loss-check.ts";
import type { Claims } from "../method.ts";
import { type Present, weighPresent } from "../present.ts";
import { rescale } from "../solver/gram.ts";
import { minNormWeights } from "../solver/min-norm.ts";

const schema = z.strictObject({
  kind: z.literal("mgda"),
  normaliser: z.enum(["none", "norm", "loss", "normTimesLoss"]).default("none"),
});

export type MgdaSpec = z.infer<typeof schema>;

export interface MgdaOptions {
  /**
   * What each gradient is divided by first: 1, its norm, its task's loss, or both. The losses must then be
   * positive. @default "none"
   */
  normaliser?: MgdaSpec["normaliser"];
}

/**
 * Multiple-gradient descent (Desideri, 2012; Sener & Koltun, Multi-Task Learning as Multi-Objective
 * Optimization, NeurIPS 2018, eq. 3):
 *
 *     a = argmin of ||sum_k a_k g_k / s_k||^2 over the simplex;   alpha_k = a_k / s_k
 *
 * with the normalisers s_k of the authors' code, 1 by default. Where the minimum is 0 the trunk stands at a
 * Pareto-stationary point and does not move.
 *
 * Departures: the minimum is found exactly by Wolfe's algorithm in place of the paper's Algorithm 2. The
 * direction is made of the normalised gradients; the authors' code applies a to the gradients as they are.
 * Heads follow their own gradients, as in the paper's Algorithm 2; that code scales their losses too.
 * The bound of the paper's MGDA-UB needs one input for all tasks and is not built.
 */
export function mgda({ normaliser = "none" }: MgdaOptions = {}): MgdaSpec {
  return { kind: "mgda", normaliser };
}

export const mgdaDefinition = defineMethod({
  schema,
  make: ({ normaliser }) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: claimsOf(normaliser),
    init: () => ({}),
    weigh: (state, step) =>
      weighPresent(state, step, (present) => {
        if (normaliser === "loss" || normaliser === "normTimesLoss") {
          demandLosses("mgda", "greater than 0", step.losses);
        }
        const factors = factorsOf(normaliser, present, step.losses);
        const shares = minNormWeights(rescale(present.gram, factors));
        return { weights: shares.map((share, k) => share * factors[k]!) };
      }),
  }),
});

/** 1 / s_k, `[K]`. */
function factorsOf(
  normaliser: MgdaSpec["normaliser"],
  { tasks, norms, scale }: Present,
  losses: readonly number[],
): Float64Array {
  const lengths = norms.map((norm) => norm * Math.sqrt(scale));
  return lengths.map((length, k) => {
    const loss = losses[tasks[k]!]!;
    return 1 / { none: 1, norm: length, loss, normTimesLoss: length * loss }[normaliser];
  });
}

function claimsOf(normaliser: MgdaSpec["normaliser"]): Claims {
  const plain = normaliser === "none";
  return {
    permutationEquivariant: true,
    oneTaskIsPlain: plain || "the gradient is divided by its normaliser",
    nonConflicting: true,
    scaleInvariant: scaleInvariance[normaliser],
    weightsSumToOne: plain || "the weights are divided by the normalisers",
    weightsSumToTasks: "they are a mean's weights",
    nonNegativeWeights: true,
  };
}

const scaleInvariance: Record<MgdaSpec["normaliser"], true | string> = {
  none: "short gradients get the large weights",
  norm: true,
  loss: true,
  normTimesLoss: "a loss times s makes the normalised gradient s times shorter",
};
