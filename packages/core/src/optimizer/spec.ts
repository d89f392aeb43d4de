// The optimizers by name: their schemas, for validation, and the rule that a specification means.

import { z } from "zod";
import { adamRule, adamSchema, adamwSchema } from "./adam.ts";
import { momentumRule, momentumSchema } from "./momentum.ts";
import { rmspropRule, rmspropSchema } from "./rmsprop.ts";
import type { OptimizerRule } from "./rule.ts";
import { sgdRule, sgdSchema } from "./sgd.ts";

export const optimizerSchema = z.discriminatedUnion("kind", [
  sgdSchema,
  momentumSchema,
  adamSchema,
  adamwSchema,
  rmspropSchema,
]);

/** An optimizer as plain data; made by `sgd()`, `momentum()`, `adam()` and the others. */
export type OptimizerSpec = z.infer<typeof optimizerSchema>;

export function ruleOf(spec: OptimizerSpec): OptimizerRule {
  switch (spec.kind) {
    case "sgd":
      return sgdRule(spec);
    case "momentum":
      return momentumRule(spec);
    case "adam":
    case "adamw":
      return adamRule(spec);
    case "rmsprop":
      return rmspropRule(spec);
  }
}
