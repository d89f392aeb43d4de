// MAO: each task has Adam's moments of its own; the coordinator only averages their steps.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { adamTransform } from "./adam-transform.ts";
import { type StepOptions, stepFields, stepMethod, stepOptions } from "./step-method.ts";

const schema = z.strictObject({
  kind: z.literal("mao"),
  ...stepFields("mean"),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
});

export type MaoSpec = z.infer<typeof schema>;

export interface MaoOptions extends StepOptions {
  /** @default "mean" */
  reduction?: MaoSpec["reduction"];
  /** Decay of the first moments. @default 0.9 */
  beta1?: number;
  /** Decay of the second moments. @default 0.999 */
  beta2?: number;
}

/**
 * Multi-adaptive optimization (Hervella, Rouco, Novo & Ortega, Multi-Adaptive Optimization for multi-task
 * learning with deep neural networks, Neural Networks 170, 2024). For each task k, coordinate by
 * coordinate:
 *
 *     m_k <- b1 m_k + (1 - b1) g_k,   mhat_k = m_k / (1 - b1^t)
 *     v_k <- b2 v_k + (1 - b2) g_k^2,   vhat_k = v_k / (1 - b2^t)
 *     u_k = mhat_k / (sqrt(vhat_k) + eps)
 *     theta <- theta - a R_k(lambda_k u_k),   R the mean or the sum over tasks
 *
 * so that every task moves every parameter by steps of one size, whatever its loss's scale: a task's weight
 * lambda_k multiplies its step, since in its loss it would do nothing. With one task this is {@link adam}, to
 * the bit.
 *
 * Only the paper's abstract was at hand. The formulas are those that two published implementations share;
 * they agree but for R: `deqn-jax` averages, an optimizer for TensorFlow adds up, and so does the older
 * {@link adataskAdam}, which is the same rule. The default is `deqn-jax`'s mean: the learning rate then
 * means the same for any number of tasks.
 */
export function mao(options: MaoOptions = {}): MaoSpec {
  const common = stepOptions(options, "mean");
  const { beta1 = 0.9, beta2 = 0.999 } = options;
  return { kind: "mao", ...common, beta1, beta2 };
}

export const maoDefinition = defineMethod({
  schema,
  make: (spec) => stepMethod(adamTransform(spec), spec),
});
