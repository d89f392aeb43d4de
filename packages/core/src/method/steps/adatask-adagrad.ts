// AdaTask in its form for AdaGrad: each task has a sum of squares of its own.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { rootTransform } from "./root-transform.ts";
import { type StepOptions, stepFields, stepMethod, stepOptions } from "./step-method.ts";

const schema = z.strictObject({ kind: z.literal("adatask-adagrad"), ...stepFields("sum") });

export type AdataskAdagradSpec = z.infer<typeof schema>;

export interface AdataskAdagradOptions extends StepOptions {
  /** @default "sum" */
  reduction?: AdataskAdagradSpec["reduction"];
}

/**
 * AdaTask for AdaGrad (Yang et al., AdaTask: A Task-Aware Adaptive Learning Rate Approach to Multi-Task
 * Learning, AAAI 2023), coordinate by coordinate:
 *
 *     s_k <- s_k + g_k^2,   u_k = g_k / (sqrt(s_k) + eps)
 *     theta <- theta - a sum_k lambda_k u_k
 *
 * The authors' published code has Adam only; eps = 1e-8 is its.
 */
export function adataskAdagrad(options: AdataskAdagradOptions = {}): AdataskAdagradSpec {
  const common = stepOptions(options, "sum");
  return { kind: "adatask-adagrad", ...common };
}

export const adataskAdagradDefinition = defineMethod({
  schema,
  make: (spec) => stepMethod(rootTransform({ keep: 1, take: 1, epsilon: spec.epsilon }), spec),
});
