// Stochastic gradient descent, in flat and in tensor form.

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { type LearningRate, learningRateSchema } from "./learning-rate.ts";
import type { OptimizerRule } from "./rule.ts";
import { withDecay } from "./weight-decay.ts";

export const sgdSchema = z.strictObject({
  kind: z.literal("sgd"),
  learningRate: learningRateSchema,
  weightDecay: z.number().min(0).default(0),
});

export type SgdSpec = z.infer<typeof sgdSchema>;

export interface SgdOptions {
  learningRate: LearningRate;
  /** L2 decay: this times the parameter is added to the gradient. @default 0 */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent (Robbins & Monro, A Stochastic Approximation Method, 1951), with
 * learning rate a and L2 decay d:
 *
 *     theta <- theta - a (g + d theta)
 */
export function sgd({ learningRate, weightDecay = 0 }: SgdOptions): SgdSpec {
  return { kind: "sgd", learningRate, weightDecay };
}

export function sgdRule({ weightDecay }: SgdSpec): OptimizerRule {
  return {
    arrays: [],
    scalars: {},
    flat({ parameters, gradient, learningRate }) {
      for (let i = 0; i < parameters.length; i++) {
        const theta = parameters[i]!;
        parameters[i] = theta - learningRate * (gradient[i]! + weightDecay * theta);
      }
    },
    tensors({ parameter, gradient, learningRate }) {
      const g = withDecay(gradient, parameter, weightDecay);
      parameter.assign(tf.sub(parameter, tf.mul(g, learningRate)));
    },
  };
}
