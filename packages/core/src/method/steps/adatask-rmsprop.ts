// AdaTask in its form for RMSProp: each task has a mean square of its own.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { rootTransform } from "./root-transform.ts";
import { type StepOptions, stepFields, stepMethod, stepOptions } from "./step-method.ts";

const schema = z.strictObject({
  kind: z.literal("adatask-rmsprop"),
  ...stepFields("sum"),
  decay: z.number().min(0).lt(1).default(0.9),
});

export type AdataskRmspropSpec = z.infer<typeof schema>;

export interface AdataskRmspropOptions extends StepOptions {
  /** @default "sum" */
  reduction?: AdataskRmspropSpec["reduction"];
  /** b, the mean square's decay. @default 0.9 */
  decay?: number;
}

/**
 * AdaTask for RMSProp (Yang et al., AdaTask: A Task-Aware Adaptive Learning Rate Approach to Multi-Task
 * Learning, AAAI 2023), coordinate by coordinate:
 *
 *     v_k <- b v_k + (1 - b) g_k^2,   u_k = g_k / (sqrt(v_k) + eps)
 *     theta <- theta - a sum_k lambda_k u_k
 *
 * without bias correction, so that the first steps are up to 1 / sqrt(1 - b) long. The authors' published
 * code has Adam only; eps = 1e-8 is its, and b = 0.9 is {@link rmsprop}'s.
 */
export function adataskRmsprop(options: AdataskRmspropOptions = {}): AdataskRmspropSpec {
  const common = stepOptions(options, "sum");
  const { decay = 0.9 } = options;
  return { kind: "adatask-rmsprop", ...common, decay };
}

export const adataskRmspropDefinition = defineMethod({
  schema,
  make: (spec) =>
    stepMethod(
      rootTransform({ keep: spec.decay, take: 1 - spec.decay, epsilon: spec.epsilon }),
      spec,
    ),
});
