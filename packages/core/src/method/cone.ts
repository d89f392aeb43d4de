// What the two methods that project on the dual cone share: their options, claims and problem.

import { z } from "zod";
import type { Claims, Matrix } from "./method.ts";
import type { Present } from "./present.ts";
import { addToDiagonal, diagonal } from "./solver/gram.ts";

export interface ConeOptions {
  /**
   * Added to the diagonal of G over its trace: keeps weights moderate where gradients nearly cancel.
   * 0 makes the projection exact. @default 1e-4
   */
  epsilon?: number;
  /** p, `[M]`, in the order of the tasks; none negative. @default 1/M each */
  preferences?: number[];
}

export const coneFields = {
  epsilon: z.number().min(0).default(1e-4),
  preferences: z.array(z.number().min(0)).optional(),
};

interface ConeSpec {
  readonly epsilon: number;
  readonly preferences?: readonly number[] | undefined;
}

/** G / trace(G) + epsilon I and p, over the tasks that are present. */
export function coneProblem(
  { gram, tasks }: Present,
  { epsilon, preferences }: ConeSpec,
): { gram: Matrix; preferences: number[] } {
  const trace = diagonal(gram).reduce((sum, value) => sum + value, 0);
  const scaled = gram.map((row) => row.map((value) => value / trace));
  return {
    gram: addToDiagonal(scaled, epsilon),
    preferences: tasks.map((k) => preferences?.[k] ?? 1 / tasks.length),
  };
}

export function coneClaims({ epsilon, preferences }: ConeSpec): Claims {
  const even = preferences === undefined;
  return {
    permutationEquivariant: even || "preferences stay in the tasks' order when tasks are renamed",
    oneTaskIsPlain: even || "the one weight is the user's",
    nonConflicting: epsilon === 0 || "only up to epsilon times the trace of G",
    scaleInvariant: "a task counts by the size of its gradient",
    weightsSumToOne: "each projection adds weight to a mean",
    weightsSumToTasks: "each projection adds weight to a mean",
    nonNegativeWeights: true,
  };
}
