// Fixed weights: what the user says, in every step.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandPerTask } from "../per-task.ts";

const schema = z.strictObject({
  kind: z.literal("fixed"),
  weights: z.array(z.number().min(0)),
});

export type FixedSpec = z.infer<typeof schema>;

export interface FixedOptions {
  /** alpha, `[M]`, in the order of the tasks; none negative. */
  weights: number[];
}

/**
 * Fixed weights: alpha_k = c_k. They multiply whatever weights the tasks have themselves; the grid of
 * such weights is the baseline that every balancing method has to beat.
 */
export function fixed({ weights }: FixedOptions): FixedSpec {
  return { kind: "fixed", weights };
}

export const fixedDefinition = defineMethod({
  schema,
  make: ({ weights }) => ({
    form: "weighting",
    needs: "nothing",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: "the weights stay in the tasks' order when tasks are renamed",
      oneTaskIsPlain: "the one weight is the user's",
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "a task counts by the size of its gradient",
      weightsSumToOne: "the weights are the user's",
      weightsSumToTasks: "the weights are the user's",
      nonNegativeWeights: true,
    },
    init(taskCount) {
      demandPerTask("weights", weights, taskCount);
      return {};
    },
    weigh: (state) => ({ state, weights }),
  }),
});
