// RMSProp, in flat and in tensor form.

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { type LearningRate, learningRateSchema } from "./learning-rate.ts";
import { type FlatStep, type OptimizerRule, slotOf } from "./rule.ts";
import { arrayOf } from "./state.ts";

export const rmspropSchema = z.strictObject({
  kind: z.literal("rmsprop"),
  learningRate: learningRateSchema,
  decay: z.number().min(0).lt(1).default(0.9),
  momentum: z.number().min(0).lt(1).default(0),
  epsilon: z.number().positive().default(1e-7),
});

export type RmspropSpec = z.infer<typeof rmspropSchema>;

export interface RmspropOptions {
  learningRate: LearningRate;
  /** Decay of the mean square. @default 0.9 */
  decay?: number;
  /** Share of the last move that a step repeats. @default 0 */
  momentum?: number;
  /** Added to the mean square, under the root. @default 1e-7 */
  epsilon?: number;
}

/**
 * RMSProp (Tieleman & Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012), with
 * learning rate a and momentum mu:
 *
 *     s <- decay s + (1 - decay) g^2
 *     u <- mu u + a g / sqrt(s + eps)
 *     theta <- theta - u
 *
 * The lecture has neither eps nor momentum; their places, and the defaults, are those of
 * TensorFlow, Keras and tfjs: eps under the root, the learning rate inside the move u. PyTorch has
 * both outside.
 */
export function rmsprop(options: RmspropOptions): RmspropSpec {
  const { learningRate, decay = 0.9, momentum = 0, epsilon = 1e-7 } = options;
  return { kind: "rmsprop", learningRate, decay, momentum, epsilon };
}

export function rmspropRule(spec: RmspropSpec): OptimizerRule {
  const { decay, momentum: mu, epsilon } = spec;
  return {
    // Without momentum the move is not remembered: one array less to keep, send and store.
    arrays: mu === 0 ? ["meanSquare"] : ["meanSquare", "move"],
    scalars: {},
    flat: (step) => (mu === 0 ? flatPlain(spec, step) : flatWithMomentum(spec, step)),
    tensors(step) {
      const { parameter, gradient, learningRate } = step;
      const meanSquare = slotOf(step, "meanSquare");
      meanSquare.assign(tf.add(tf.mul(meanSquare, decay), tf.mul(tf.square(gradient), 1 - decay)));
      const fresh = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(meanSquare, epsilon)));
      if (mu === 0) return parameter.assign(tf.sub(parameter, fresh));
      const move = slotOf(step, "move");
      move.assign(tf.add(tf.mul(move, mu), fresh));
      parameter.assign(tf.sub(parameter, move));
    },
  };
}

function flatPlain({ decay, epsilon }: RmspropSpec, step: FlatStep): void {
  const { state, parameters, gradient, learningRate } = step;
  const meanSquare = arrayOf(state, "meanSquare");
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    const s = decay * meanSquare[i]! + (1 - decay) * g * g;
    meanSquare[i] = s;
    parameters[i] = parameters[i]! - (learningRate * g) / Math.sqrt(s + epsilon);
  }
}

function flatWithMomentum({ decay, momentum: mu, epsilon }: RmspropSpec, step: FlatStep): void {
  const { state, parameters, gradient, learningRate } = step;
  const meanSquare = arrayOf(state, "meanSquare");
  const move = arrayOf(state, "move");
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    const s = decay * meanSquare[i]! + (1 - decay) * g * g;
    const u = mu * move[i]! + (learningRate * g) / Math.sqrt(s + epsilon);
    meanSquare[i] = s;
    move[i] = u;
    parameters[i] = parameters[i]! - u;
  }
}
