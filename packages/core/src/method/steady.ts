// Weights that follow from counters alone: what coordinator and workers each compute for themselves.

import { drawsFor } from "../random/draws.ts";
import type { Clock, Method, Normalisation, StepView } from "./method.ts";
import { normalised } from "./normalise.ts";

export interface SteadyTerms {
  method: Method;
  taskCount: number;
  /** The run's seed. */
  seed: number;
  /** @default the method's own */
  normalise?: Normalisation | undefined;
}

/** What a method sees of any step: its clock, and a stream of its own. */
export function emptyView({ taskCount, seed }: SteadyTerms, clock: Clock): StepView {
  const random = drawsFor({ seed, purpose: "method", step: clock.step });
  return { taskCount, clock, losses: [], norms: [], gram: [], random };
}

/** Weights of a step `[M]`; null where they need anything but counters. */
export function steadyWeights(terms: SteadyTerms, clock: Clock): readonly number[] | null {
  const { method, normalise } = terms;
  if (method.form !== "weighting" || method.needs !== "nothing") return null;
  if (method.learns !== "nothing") return null;
  const { weights } = method.weigh({}, emptyView(terms, clock));
  return normalised(weights, normalise ?? method.normalise, []);
}
