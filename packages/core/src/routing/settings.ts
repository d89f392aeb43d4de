// The settings of a trunk with routed layers: how router parameters move, how the temperature falls, and
// what is added to each task's loss.

import { z } from "zod";
import { adam } from "../optimizer/adam.ts";
import { type OptimizerSpec, optimizerSchema } from "../optimizer/spec.ts";

const weight = z.number().min(0).default(0);

export const routingSchema = z.strictObject({
  mode: z.enum(["summed", "sequential"]).default("summed"),
  optimizer: optimizerSchema.prefault(adam({ learningRate: 0.005 })),
  temperature: z
    .strictObject({
      start: z.number().positive().default(50),
      final: z.number().positive().default(0.5),
    })
    .prefault({}),
  budget: z.number().min(0).max(1).optional(),
  budgetWeight: z.number().min(0).default(1),
  entropyWeight: weight,
  entropyPower: z.number().min(0).default(1),
  disconnectWeight: weight,
  connectionWeight: weight,
});

/** Routing settings with every default filled in. */
export type ResolvedRouting = z.infer<typeof routingSchema>;

/** What every field of {@link RoutingSettings} is where nothing is said. */
export function routingDefaults(): ResolvedRouting {
  return routingSchema.parse({});
}

/** How the trunk's routed layers are trained; without routed layers it changes nothing. */
export interface RoutingSettings {
  /**
   * `"summed"`: one trunk step a round, by the method's combination of all tasks' gradients. `"sequential"`:
   * one trunk step per task, one after another, as Maziarz et al. (2019) train. @default "summed"
   */
  mode?: "summed" | "sequential";
  /**
   * Of the routers' parameters. They need an optimizer that normalises its steps: at the first temperatures
   * their gradients are tiny. A published learning rate is for two logits per component, whose difference
   * moves by twice the step; the single logit here needs twice that rate.
   * @default adam({ learningRate: 0.005 })
   */
  optimizer?: OptimizerSpec;
  /** tau = max(final, start / sqrt(task steps so far + 1)). @default { start: 50, final: 0.5 } */
  temperature?: { start?: number; final?: number };
  /** B: share of the components that a task may use without a price, in expectation. @default none */
  budget?: number;
  /** lambda_b, the price per share over the budget. @default 1 */
  budgetWeight?: number;
  /** lambda_e, of the entropy of the probabilities: presses towards decisions. @default 0 */
  entropyWeight?: number;
  /** a: the entropy's weight grows as (share of the run)^a. @default 1 */
  entropyPower?: number;
  /** lambda_d, of the probability that a layer has no component on. @default 0 */
  disconnectWeight?: number;
  /** lambda_c, of the number of components in use. @default 0 */
  connectionWeight?: number;
}
