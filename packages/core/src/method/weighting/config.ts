// ConFIG: the direction that agrees equally with all gradients, as long as their projections on it.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { cosinesOf, type Present, type Solution, weighPresent } from "../present.ts";
import { dot, timesVector } from "../solver/gram.ts";
import { minNormWeights } from "../solver/min-norm.ts";
import { pseudoSolve } from "../solver/spectrum.ts";

const schema = z.strictObject({ kind: z.literal("config") });

export type ConfigSpec = z.infer<typeof schema>;

/** A cosine above minus this is no conflict but rounding. */
const rounding = 1e-9;

/**
 * ConFIG (Liu, Chu & Thuerey, ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks,
 * ICLR 2025), with the unit gradients u_k as the rows of U:
 *
 *     x = U^+ 1,  xhat = x / ||x||;   d = (sum_k g_k . xhat) xhat
 *
 * In terms of norms n and cosines C: v = C^+ 1, xhat = sum_k (v_k / n_k) g_k / sqrt(v^T C v). The direction
 * is that of `imtl-g`, up to its sign; the length differs: here it is the sum of the gradients' projections
 * on the direction, so that it grows with their agreement.
 *
 * Departure: where gradients depend on each other no direction may agree equally with all. If the
 * pseudo-inverse's one then conflicts with a task, the shortest combination of the unit gradients, times
 * the mean norm, is used, and reported.
 */
export function config(): ConfigSpec {
  return { kind: "config" };
}

export const configDefinition = defineMethod({
  schema,
  make: () => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: true,
      scaleInvariant: true,
      weightsSumToOne: "they are scaled by the gradients' agreement",
      weightsSumToTasks: "they are scaled by the gradients' agreement",
      nonNegativeWeights: "equal cosines may need a gradient's opposite",
    },
    init: () => ({}),
    weigh: (state, step) => weighPresent(state, step, agree),
  }),
});

function agree(present: Present): Solution {
  const { norms } = present;
  const cosines = cosinesOf(present);
  const shares = pseudoSolve(cosines, new Float64Array(norms.length).fill(1));
  const gains = timesVector(cosines, shares);
  const square = dot(shares, gains);
  if (square > rounding && gains.every((gain) => gain >= -rounding)) {
    const agreement = dot(norms, gains) / square;
    return { weights: shares.map((share, k) => (share / norms[k]!) * agreement) };
  }
  const mean = norms.reduce((sum, norm) => sum + norm, 0) / norms.length;
  return {
    weights: minNormWeights(cosines).map((share, k) => (share / norms[k]!) * mean),
    instead: "the shortest combination of the unit gradients was used",
  };
}
