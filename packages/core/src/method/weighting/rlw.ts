// Random loss weighting: new random weights in every step.

import { z } from "zod";
import type { Random } from "../../random/random.ts";
import { defineMethod } from "../definition.ts";
import { softmax } from "../softmax.ts";

const schema = z.strictObject({
  kind: z.literal("rlw"),
  distribution: z.enum(["normal", "uniform", "dirichlet"]).default("normal"),
});

export type RlwSpec = z.infer<typeof schema>;

export interface RlwOptions {
  /**
   * What z is drawn from before the softmax: N(0, 1) or uniform over [0, 1); `dirichlet` is uniform over
   * the simplex, without a softmax. @default "normal"
   */
  distribution?: RlwSpec["distribution"];
}

/**
 * Random loss weighting (Lin, Ye, Zhang & Tsang, Reasonable Effectiveness of Random Weighting: A Litmus
 * Test for Multi-Task Learning, TMLR 2022):
 *
 *     alpha = softmax(z),   z_k ~ N(0, 1), new in every step
 *
 * Weights sum to 1 as published, so a step is about a third of {@link ew}'s with three tasks. Drawn from
 * the step's own stream: all workers draw the same weights without a message.
 */
export function rlw({ distribution = "normal" }: RlwOptions = {}): RlwSpec {
  return { kind: "rlw", distribution };
}

export const rlwDefinition = defineMethod({
  schema,
  make: ({ distribution }) => ({
    form: "weighting",
    needs: "nothing",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: "numbers are drawn in the tasks' order",
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "a task counts by the size of its gradient",
      weightsSumToOne: true,
      weightsSumToTasks: "they sum to 1, as published",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh: (state, { taskCount, random }) => ({
      state,
      weights: draw[distribution](random, taskCount),
    }),
  }),
});

const draw = {
  normal: (random: Random, count: number) => softmax(repeat(count, () => random.normal())),
  uniform: (random: Random, count: number) => softmax(repeat(count, () => random.uniform())),
  // Exponential numbers by their sum; 1 - u is never 0.
  dirichlet: (random: Random, count: number) => {
    const numbers = repeat(count, () => -Math.log1p(-random.uniform()) + Number.MIN_VALUE);
    const sum = numbers.reduce((total, number) => total + number, 0);
    return numbers.map((number) => number / sum);
  },
};

function repeat(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}
