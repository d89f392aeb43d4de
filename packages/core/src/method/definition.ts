// What a method's file exports beside the function that users call: the schema of its options and the
// method that they mean.

import type { z } from "zod";
import type { Method } from "./method.ts";

export interface MethodDefinition<S extends z.ZodType = z.ZodType> {
  /** A strict object with `kind: z.literal(NAME)` and a default for each option. */
  readonly schema: S;
  make(spec: z.infer<S>): Method;
}

export function defineMethod<S extends z.ZodType>(
  definition: MethodDefinition<S>,
): MethodDefinition<S> {
  return definition;
}
