// DB-MTL: logarithms balance the losses, norms of smoothed gradients balance the gradients.

import { z } from "zod";
import { arrayOf } from "../../optimizer/state.ts";
import { defineMethod } from "../definition.ts";
import { demandLoss } from "../loss-check.ts";
import type { RowTransform } from "../method.ts";
import { forPresent } from "../transform.ts";

const schema = z.strictObject({
  kind: z.literal("db-mtl"),
  beta: z.number().min(0).lt(1).default(0.9),
  betaSigma: z.number().min(0).default(0),
});

export type DbMtlSpec = z.infer<typeof schema>;

export interface DbMtlOptions {
  /** Share of the old moving average that a step keeps. @default 0.9 */
  beta?: number;
  /** Exponent by which that share falls with the steps; 0 keeps it. @default 0 */
  betaSigma?: number;
}

const epsilon = 1e-8;

/**
 * Dual-balancing (Lin et al., Dual-Balancing for Multi-Task Learning, 2023), in step t = 1, 2,
 * ...:
 *
 *     h_k = grad log(L_k + 1e-8) = g_k / (L_k + 1e-8)
 *     q_k <- h_k + (beta / t^sigma) (q_k - h_k),   q_k = 0 at the start, in the worker
 *     d = sum_k alpha_k q_k,   alpha_k = max_j ||q_j|| / (||q_k|| + 1e-8)
 *
 * As published, q has no bias correction: the first step is a tenth of its later length. Defaults are
 * LibMTL's. Departure: there the heads descend log L_k, here the loss itself, since
 * the weights balance the trunk's rows only. Losses may not be negative. A task whose q is zero is left out.
 */
export function dbMtl({ beta = 0.9, betaSigma = 0 }: DbMtlOptions = {}): DbMtlSpec {
  return { kind: "db-mtl", beta, betaSigma };
}

export const dbMtlDefinition = defineMethod({
  schema,
  make: (spec) => ({
    form: "weighting",
    needs: "norms",
    learns: "nothing",
    transform: smoothed(spec),
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the direction is a moving average of g / L",
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: true,
      weightsSumToOne: "they bring all rows to the longest one's length",
      weightsSumToTasks: "they bring all rows to the longest one's length",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh(state, { norms }) {
      const longest = Math.max(...norms);
      const weights = norms.map((norm) => (norm === 0 ? 0 : longest / (norm + epsilon)));
      const tasks = [...norms.keys()].filter((k) => norms[k] === 0);
      if (tasks.length === 0) return { state, weights };
      const instead = "it is left out of this step";
      return { state, weights, fallback: { kind: "zeroGradient", tasks, instead } };
    },
  }),
});

/** The row becomes q. */
function smoothed({ beta, betaSigma }: DbMtlSpec): RowTransform {
  return {
    arrays: ["q"],
    scalars: {},
    apply(state, row, step) {
      demandLoss("db-mtl", "at least 0", step.loss);
      const q = arrayOf(state, "q");
      const keep = beta / (step.clock.step + 1) ** betaSigma;
      const scale = step.loss + epsilon;
      forPresent(step, row.length, (from, to) => {
        for (let i = from; i < to; i++) {
          const h = row[i]! / scale;
          q[i] = h + keep * (q[i]! - h);
          row[i] = q[i]!;
        }
      });
      return undefined;
    },
  };
}
