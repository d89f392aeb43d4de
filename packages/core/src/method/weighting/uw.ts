// Uncertainty weighting: each task's weight follows a trained variance.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { descend, descentFrom, descentOf } from "../descent.ts";

const schema = z.strictObject({
  kind: z.literal("uw"),
  learningRate: z.number().positive().default(0.025),
  initial: z.number().min(-100).max(100).default(0),
});

export type UwSpec = z.infer<typeof schema>;

export interface UwOptions {
  /** Of Adam over s, which the trunk's optimizer has no part in. @default 0.025 */
  learningRate?: number;
  /** s before the first step, the same for all tasks. @default 0 */
  initial?: number;
}

/**
 * Uncertainty weighting (Kendall, Gal & Cipolla, Multi-Task Learning Using Uncertainty to Weigh Losses for
 * Scene Geometry and Semantics, CVPR 2018), with s_k the logarithm of task k's variance:
 *
 *     L = sum_k exp(-s_k) L_k / 2 + s_k / 2
 *     alpha_k = exp(-s_k) / 2
 *     dL / ds_k = (1 - exp(-s_k) L_k) / 2,   at rest where exp(s_k) = L_k
 *
 * s takes a step of Adam of its own (b1 = 0.9, b2 = 0.999, eps = 1e-8) after each step of the trunk. The
 * paper trains s by the network's own optimizer; the rate 0.025 is that of the published code of Nash-MTL
 * (Navon et al., 2022) for its methods' variables, the start s = 0 that of TorchJD (LibMTL: -0.5).
 *
 * Losses must be positive in the mean: where they are not, L has no minimum and the weight grows without
 * end.
 */
export function uw({ learningRate = 0.025, initial = 0 }: UwOptions = {}): UwSpec {
  return { kind: "uw", learningRate, initial };
}

export const uwDefinition = defineMethod({
  schema,
  make: ({ learningRate, initial }) => ({
    form: "weighting",
    needs: "nothing",
    learns: "losses",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the one weight is exp(-s) / 2",
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "weights follow a loss's scale over many steps only",
      weightsSumToOne: "each weight follows its own loss",
      weightsSumToTasks: "each weight follows its own loss",
      nonNegativeWeights: true,
    },
    init: (taskCount) => descentFrom(new Array<number>(taskCount).fill(initial)),
    weigh: (state) => ({ state, weights: state.values!.map((s) => Math.exp(-s) / 2) }),
    learn(state, { losses }) {
      const descent = descentOf(state);
      return descend(descent, uwGradient(descent.values, losses), learningRate);
    },
  }),
});

/** dL / ds, `[M]`. */
export function uwGradient(s: readonly number[], losses: readonly number[]): number[] {
  return s.map((sk, k) => (1 - Math.exp(-sk) * losses[k]!) / 2);
}
