// CR-MOGM: the weights of another method, smoothed over steps.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import type { Claims, Method, MethodState, Weighting } from "../method.ts";

/** A method as plain data; which ones there are, the registry knows. */
interface Named {
  readonly kind: string;
}

export interface CrMogmSpec<Inner extends Named = Named> {
  kind: "cr-mogm";
  of: Inner;
  smoothing: number;
}

export interface CrMogmOptions {
  /** a: the share of the old weights. @default 0.9 */
  smoothing?: number;
}

/**
 * CR-MOGM (Zhou, Zhang, Jiang, Zhong, Gu & Zhu, On the Convergence of Stochastic Multi-Objective Gradient
 * Manipulation and Beyond, NeurIPS 2022, Algorithm 1) around any method that gives weights, ahat:
 *
 *     alpha_t = a alpha_(t-1) + (1 - a) ahat_t
 *
 * with a = 0.9. The first step has alpha_0 = ahat_0: the paper starts from weights that the user chooses,
 * and any fixed choice would favour the methods whose weights have that scale.
 *
 * @param of - Specification of the method that is smoothed; on the command line `mgda` unless `method.of` says
 *   otherwise.
 */
export function crMogm<Inner extends Named>(
  of: Inner,
  { smoothing = 0.9 }: CrMogmOptions = {},
): CrMogmSpec<Inner> {
  return { kind: "cr-mogm", of, smoothing };
}

/** The definition, given the schema of all other methods and the method that a specification means. */
export function crMogmDefinition<Inner extends Named>(
  others: z.ZodType<Inner>,
  methodOf: (spec: Inner) => Method,
) {
  const schema = z.strictObject({
    kind: z.literal("cr-mogm"),
    of: others
      .refine((spec) => methodOf(spec).form === "weighting", {
        error: "should be a method that gives one weight per task",
      })
      .prefault({ kind: "mgda" } as Inner),
    smoothing: z.number().min(0).lt(1).default(0.9),
  });
  return defineMethod({
    schema,
    make({ of, smoothing }): Method {
      const inner = methodOf(of);
      if (inner.form !== "weighting") throw new TypeError(`${of.kind} gives no weights`);
      return smoothed(inner, smoothing);
    },
  });
}

function smoothed(inner: Weighting, a: number): Weighting {
  const { needs, transform, scaleHeads, normalise } = inner;
  return {
    form: "weighting",
    needs,
    // One who learns nothing is computed by each worker alone, where no state could be kept.
    learns: inner.learns === "nothing" ? "losses" : inner.learns,
    scaleHeads,
    normalise,
    claims: claimsOf(inner.claims),
    ...(transform && { transform }),
    init: (taskCount) => joined([], inner.init(taskCount)),
    weigh(state, step) {
      const { state: next, weights: newest, fallback } = inner.weigh(innerState(state), step);
      const old = state.smoothed!;
      const weights = newest.map((weight, k) => a * (old[k] ?? weight) + (1 - a) * weight);
      return { state: joined(weights, next), weights, ...(fallback && { fallback }) };
    },
    learn(state, outcome) {
      if (inner.learn === undefined) return state;
      return joined(state.smoothed!, inner.learn(innerState(state), outcome));
    },
  };
}

const prefix = "of.";

/** The smoothed weights, empty before the first step, beside the inner method's state under a prefix. */
function joined(weights: readonly number[], inner: MethodState): MethodState {
  const entries = Object.entries(inner).map(([name, values]) => [prefix + name, values] as const);
  return { smoothed: weights, ...Object.fromEntries(entries) };
}

function innerState(state: MethodState): MethodState {
  const entries = Object.entries(state).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, values]) => [name.slice(prefix.length), values]));
}

function claimsOf(inner: Claims): Claims {
  const past = "old weights were computed for other gradients";
  return {
    ...inner,
    nonConflicting: past,
    scaleInvariant: past,
  };
}
