// IMTL-L: trained scales that bring all losses to one size.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { descend, descentFrom, descentOf } from "../descent.ts";

const schema = z.strictObject({
  kind: z.literal("imtl-l"),
  learningRate: z.number().positive().default(0.025),
});

export type ImtlLSpec = z.infer<typeof schema>;

export interface ImtlLOptions {
  /** Of Adam over s, which the trunk's optimizer has no part in. @default 0.025 */
  learningRate?: number;
}

/**
 * The loss half of impartial multi-task learning (Liu et al., Towards Impartial Multi-task Learning, ICLR
 * 2021), with s = 0 at the start:
 *
 *     L = sum_k exp(s_k) L_k - s_k
 *     alpha_k = exp(s_k)
 *     dL / ds_k = exp(s_k) L_k - 1,   at rest where alpha_k = 1 / L_k
 *
 * s takes a step of Adam of its own (b1 = 0.9, b2 = 0.999, eps = 1e-8) after each step of the trunk. The
 * paper trains s by the network's own optimizer; the rate is that of {@link uw}, which is half of this
 * objective with s negated.
 *
 * Losses must be positive in the mean: where they are not, L has no minimum and the weight grows without
 * end.
 */
export function imtlL({ learningRate = 0.025 }: ImtlLOptions = {}): ImtlLSpec {
  return { kind: "imtl-l", learningRate };
}

export const imtlLDefinition = defineMethod({
  schema,
  make: ({ learningRate }) => ({
    form: "weighting",
    needs: "nothing",
    learns: "losses",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the one weight is exp(s), which goes to 1 / L",
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "weights follow a loss's scale over many steps only",
      weightsSumToOne: "each weight follows its own loss",
      weightsSumToTasks: "each weight follows its own loss",
      nonNegativeWeights: true,
    },
    init: (taskCount) => descentFrom(new Array<number>(taskCount).fill(0)),
    weigh: (state) => ({ state, weights: state.values!.map(Math.exp) }),
    learn(state, { losses }) {
      const descent = descentOf(state);
      const gradient = descent.values.map((s, k) => Math.exp(s) * losses[k]! - 1);
      return descend(descent, gradient, learningRate);
    },
  }),
});
