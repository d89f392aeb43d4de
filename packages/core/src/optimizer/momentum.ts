// Gradient descent with momentum, Polyak's and Nesterov's, in flat and in tensor form.

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { type LearningRate, learningRateSchema } from "./learning-rate.ts";
import { type OptimizerRule, slotOf } from "./rule.ts";
import { arrayOf } from "./state.ts";
import { withDecay } from "./weight-decay.ts";

export const momentumSchema = z.strictObject({
  kind: z.literal("momentum"),
  learningRate: learningRateSchema,
  momentum: z.number().min(0).lt(1).default(0.9),
  nesterov: z.boolean().default(false),
  weightDecay: z.number().min(0).default(0),
});

export type MomentumSpec = z.infer<typeof momentumSchema>;

export interface MomentumOptions {
  learningRate: LearningRate;
  /** mu, the share of the velocity that a step keeps. @default 0.9 */
  momentum?: number;
  /** Look ahead by one step of the velocity. @default false */
  nesterov?: boolean;
  /** L2 decay: this times the parameter is added to the gradient. @default 0 */
  weightDecay?: number;
}

/**
 * Momentum (Polyak, Some methods of speeding up the convergence of iteration methods, 1964), with
 * learning rate a, momentum mu and L2 decay d:
 *
 *     g <- g + d theta
 *     v <- mu v + g
 *     theta <- theta - a v              Polyak
 *     theta <- theta - a (g + mu v)     Nesterov, in the form of Sutskever et al., On the importance
 *                                       of initialization and momentum in deep learning, 2013
 *
 * The learning rate stands outside the velocity, as in PyTorch and tfjs: after a change of the
 * rate, old velocity moves at the new one. (Keras and the papers have it inside.)
 */
export function momentum(options: MomentumOptions): MomentumSpec {
  const { learningRate, momentum = 0.9, nesterov = false, weightDecay = 0 } = options;
  return { kind: "momentum", learningRate, momentum, nesterov, weightDecay };
}

export function momentumRule({ momentum: mu, nesterov, weightDecay }: MomentumSpec): OptimizerRule {
  // Both kinds in one formula: theta <- theta - a (own g + along v).
  const own = nesterov ? 1 : 0;
  const along = nesterov ? mu : 1;
  return {
    arrays: ["velocity"],
    scalars: {},
    flat({ state, parameters, gradient, learningRate }) {
      const velocity = arrayOf(state, "velocity");
      for (let i = 0; i < parameters.length; i++) {
        const theta = parameters[i]!;
        const g = gradient[i]! + weightDecay * theta;
        const v = mu * velocity[i]! + g;
        velocity[i] = v;
        parameters[i] = theta - learningRate * (own * g + along * v);
      }
    },
    tensors(step) {
      const { parameter, gradient, learningRate } = step;
      const velocity = slotOf(step, "velocity");
      const g = withDecay(gradient, parameter, weightDecay);
      velocity.assign(tf.add(tf.mul(velocity, mu), g));
      const direction = nesterov ? tf.add(g, tf.mul(velocity, mu)) : velocity;
      parameter.assign(tf.sub(parameter, tf.mul(direction, learningRate)));
    },
  };
}
