// Equal weighting: the sum of the task gradients, as they are.

import { z } from "zod";
import { defineMethod } from "../definition.ts";

export interface EwSpec {
  kind: "ew";
}

/** Equal weighting: alpha_k = 1. The trunk's step follows the plain sum of the task gradients. */
export function ew(): EwSpec {
  return { kind: "ew" };
}

export const ewDefinition = defineMethod({
  schema: z.strictObject({ kind: z.literal("ew") }),
  make: () => ({
    form: "weighting",
    needs: "nothing",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    plainSum: true,
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the sum is outvoted",
      scaleInvariant: "a task counts by the size of its gradient",
      weightsSumToOne: "every weight is 1, as in a plain sum of losses",
      weightsSumToTasks: true,
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh: (state, { taskCount }) => ({ state, weights: new Array<number>(taskCount).fill(1) }),
  }),
});
