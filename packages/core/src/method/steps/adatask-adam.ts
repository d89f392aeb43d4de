// AdaTask in its form for Adam: each task has moments of its own, and all steps are taken.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { adamTransform } from "./adam-transform.ts";
import { type StepOptions, stepFields, stepMethod, stepOptions } from "./step-method.ts";

const schema = z.strictObject({
  kind: z.literal("adatask-adam"),
  ...stepFields("sum"),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
});

export type AdataskAdamSpec = z.infer<typeof schema>;

export interface AdataskAdamOptions extends StepOptions {
  /** @default "sum" */
  reduction?: AdataskAdamSpec["reduction"];
  /** Decay of the first moments. @default 0.9 */
  beta1?: number;
  /** Decay of the second moments. @default 0.999 */
  beta2?: number;
}

/**
 * AdaTask for Adam (Yang et al., AdaTask: A Task-Aware Adaptive Learning Rate Approach to Multi-Task
 * Learning, AAAI 2023): the rule of {@link mao} with the sum of the tasks' steps, as in the authors' code,
 * whose b1, b2 and eps these are; its experiments have the learning rate 1e-4.
 */
export function adataskAdam(options: AdataskAdamOptions = {}): AdataskAdamSpec {
  const common = stepOptions(options, "sum");
  const { beta1 = 0.9, beta2 = 0.999 } = options;
  return { kind: "adatask-adam", ...common, beta1, beta2 };
}

export const adataskAdamDefinition = defineMethod({
  schema,
  make: (spec) => stepMethod(adamTransform(spec), spec),
});
