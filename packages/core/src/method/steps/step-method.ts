// What the methods whose workers send finished steps have in common: all but the step itself.

import { z } from "zod";
import { type LearningRate, learningRateSchema } from "../../optimizer/learning-rate.ts";
import { sgd } from "../../optimizer/sgd.ts";
import type { RowTransform, StepMethod } from "../method.ts";

const reductions = ["sum", "mean"] as const;

/** Options that all of them have. */
export const stepFields = (reduction: StepMethod["reduction"]) => ({
  learningRate: learningRateSchema.default(1e-3),
  weightDecay: z.number().min(0).default(0),
  reduction: z.enum(reductions).default(reduction),
  epsilon: z.number().min(0).default(1e-8),
});

export interface StepOptions {
  /**
   * a, of the trunk; the experiment's `optimizer.trunk` is not used. With `sum` a step is up to as many times
   * as long as there are tasks. @default 1e-3
   */
  learningRate?: LearningRate;
  /** Added to the step, once, as this times the parameter. @default 0 */
  weightDecay?: number;
  /** Of the tasks' steps: their sum, or their mean, each weighted by its task's weight. */
  reduction?: StepMethod["reduction"];
  /**
   * Added to the root of the second moment. 0 makes a step wholly independent of its loss's scale; a
   * coordinate whose second moment is 0 then has the step 0. @default 1e-8
   */
  epsilon?: number;
}

type StepTerms = Pick<StepMethod, "reduction"> & {
  learningRate: LearningRate;
  weightDecay: number;
};

/** What is asked for, with defaults for the rest. */
export function stepOptions(options: StepOptions, reduction: StepMethod["reduction"]) {
  const { learningRate = 1e-3, weightDecay = 0, epsilon = 1e-8 } = options;
  return { reduction: options.reduction ?? reduction, learningRate, weightDecay, epsilon };
}

export function stepMethod(
  transform: RowTransform,
  { reduction, learningRate, weightDecay }: StepTerms,
): StepMethod {
  return {
    form: "steps",
    needs: "nothing",
    learns: "nothing",
    transform,
    reduction,
    scaleHeads: false,
    normalise: "none",
    trunkOptimizer: sgd({ learningRate, weightDecay }),
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the step is an adaptive optimizer's, not the gradient",
      nonConflicting: "tasks that oppose each other at a coordinate cancel there",
      scaleInvariant: true,
      weightsSumToOne: "it gives no weights",
      weightsSumToTasks: "it gives no weights",
      nonNegativeWeights: "it gives no weights",
    },
  };
}
