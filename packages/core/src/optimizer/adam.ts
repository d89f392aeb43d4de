// Adam and AdamW, in flat and in tensor form.

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { adamFactors, writeAdamStep } from "./adam-step.ts";
import { type LearningRate, learningRateSchema } from "./learning-rate.ts";
import { type OptimizerRule, scalarOf, slotOf } from "./rule.ts";
import { arrayOf } from "./state.ts";

const fields = {
  learningRate: learningRateSchema.default(1e-3),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-8),
};

export const adamSchema = z.strictObject({ kind: z.literal("adam"), ...fields });

export const adamwSchema = z.strictObject({
  kind: z.literal("adamw"),
  ...fields,
  weightDecay: z.number().min(0).default(0.01),
});

export type AdamSpec = z.infer<typeof adamSchema>;
export type AdamwSpec = z.infer<typeof adamwSchema>;

export interface AdamOptions {
  /** @default 1e-3 */
  learningRate?: LearningRate;
  /** Decay of the first moment. @default 0.9 */
  beta1?: number;
  /** Decay of the second moment. @default 0.999 */
  beta2?: number;
  /** Added to the root of the second moment. @default 1e-8 */
  epsilon?: number;
}

export interface AdamwOptions extends AdamOptions {
  /** Decoupled decay; a step takes learningRate times this off each parameter. @default 0.01 */
  weightDecay?: number;
}

/**
 * Adam (Kingma & Ba, Adam: A Method for Stochastic Optimization, 2015, Algorithm 1), with learning
 * rate a:
 *
 *     m <- b1 m + (1 - b1) g
 *     v <- b2 v + (1 - b2) g^2
 *     theta <- theta - a mhat / (sqrt(vhat) + eps),   mhat = m / (1 - b1^t),  vhat = v / (1 - b2^t)
 *
 * computed in the order that the paper names at the end of its section 2, which saves a division
 * for each parameter and equals the above exactly: a_t = a sqrt(1 - b2^t) / (1 - b1^t) and eps_t =
 * eps sqrt(1 - b2^t). In flat form the quotient is rounded to float32 before a multiplies it. Epsilon
 * is PyTorch's and the paper's 1e-8; tfjs and Keras have 1e-7.
 *
 * b1^t and b2^t are running products in the state. t counts the block's own updates only.
 */
export function adam(options: AdamOptions = {}): AdamSpec {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  return { kind: "adam", learningRate, beta1, beta2, epsilon };
}

/**
 * AdamW (Loshchilov & Hutter, Decoupled Weight Decay Regularization, 2019, Algorithm 2): {@link adam},
 * and before its step
 *
 *     theta <- theta - a d theta
 *
 * Departure: the paper multiplies the decay d by the schedule's factor only; here, as in PyTorch,
 * by the whole learning rate a.
 */
export function adamw({ weightDecay = 0.01, ...options }: AdamwOptions = {}): AdamwSpec {
  return { ...adam(options), kind: "adamw", weightDecay };
}

/** Adam, and AdamW where the specification has a decay. */
export function adamRule(spec: AdamSpec | AdamwSpec): OptimizerRule {
  const { beta1, beta2 } = spec;
  const weightDecay = spec.kind === "adamw" ? spec.weightDecay : 0;
  // The step passes through here in pieces that stay in the cache.
  const u = new Float32Array(4096);
  return {
    arrays: ["m", "v"],
    scalars: { beta1Power: 1, beta2Power: 1 },
    advance(scalars) {
      scalars.beta1Power = scalarOf(scalars, "beta1Power") * beta1;
      scalars.beta2Power = scalarOf(scalars, "beta2Power") * beta2;
    },
    flat({ state, parameters, gradient, learningRate }) {
      const m = arrayOf(state, "m");
      const v = arrayOf(state, "v");
      const factors = factorsOf(spec, state.scalars);
      const keep = 1 - learningRate * weightDecay;
      for (let from = 0; from < parameters.length; from += u.length) {
        const to = Math.min(from + u.length, parameters.length);
        writeAdamStep({ m, v, gradient, step: u, shift: from, from, to }, factors);
        for (let i = from; i < to; i++) {
          parameters[i] = keep * parameters[i]! - learningRate * u[i - from]!;
        }
      }
    },
    tensors(step) {
      const { parameter, gradient, scalars, learningRate } = step;
      const m = slotOf(step, "m");
      const v = slotOf(step, "v");
      const { correction, floor } = factorsOf(spec, scalars);
      const rate = learningRate * correction;
      m.assign(tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)));
      v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
      const move = tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), floor));
      const kept =
        weightDecay === 0 ? parameter : tf.mul(parameter, 1 - learningRate * weightDecay);
      parameter.assign(tf.sub(kept, move));
    },
  };
}

function factorsOf(spec: AdamSpec | AdamwSpec, scalars: Readonly<Record<string, number>>) {
  return adamFactors(spec, scalarOf(scalars, "beta1Power"), scalarOf(scalars, "beta2Power"));
}
