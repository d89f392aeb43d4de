// IMTL-G: the direction whose projections on all unit gradients are equal.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { cosinesOf, weighPresent } from "../present.ts";
import { pseudoSolve } from "../solver/spectrum.ts";

const schema = z.strictObject({ kind: z.literal("imtl-g") });

export type ImtlGSpec = z.infer<typeof schema>;

/** A sum of weights below this share of their sizes is rounding. */
const smallestSum = 1e-9;

/**
 * IMTL-G, the gradient half of Liu, Li, Kuang, Xue, Chen, Yang, Liao & Zhang, Towards Impartial Multi-task
 * Learning, ICLR 2021. With the norms n, the cosines C and weights that sum to 1:
 *
 *     v = C^+ 1;   alpha_k = (v_k / n_k) / sum_j (v_j / n_j)
 *
 * Weights may be negative. As published, their sum may be too before they are divided by it, and the
 * trunk then climbs every loss alike; the direction is that of `config`, which does not.
 *
 * Departures: the paper's matrix inverse is replaced by an equal form with the pseudo-inverse of the
 * cosines, defined for dependent gradients too. Where the weights' sum is near 0, the mean gradient is
 * used, and reported. For the method called IMTL, losses are weighted by `imtl-l` first: not built.
 */
export function imtlG(): ImtlGSpec {
  return { kind: "imtl-g" };
}

export const imtlGDefinition = defineMethod({
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
      nonConflicting: "where the weights' sum is negative it climbs every loss",
      scaleInvariant: "the weights' sum, and with it the direction's sign, changes with the norms",
      weightsSumToOne: true,
      weightsSumToTasks: "they sum to 1, as published",
      nonNegativeWeights: "equal projections may need a gradient's opposite",
    },
    init: () => ({}),
    weigh: (state, step) =>
      weighPresent(state, step, (present) => {
        const count = present.tasks.length;
        const shares = pseudoSolve(cosinesOf(present), new Float64Array(count).fill(1));
        const raw = shares.map((share, k) => share / present.norms[k]!);
        const sum = raw.reduce((total, value) => total + value, 0);
        const size = raw.reduce((total, value) => total + Math.abs(value), 0);
        if (Math.abs(sum) > smallestSum * size) return { weights: raw.map((value) => value / sum) };
        return {
          weights: new Float64Array(count).fill(1 / count),
          instead: "the mean gradient was used, since the weights' sum is near 0",
        };
      }),
  }),
});
