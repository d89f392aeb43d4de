// An optimizer over one flat array of parameters: the trunk, at the coordinator. Knows nothing of
// layers.

import type { OptimizerSpec } from "./spec.ts";
import { ruleOf } from "./spec.ts";
import type { OptimizerState } from "./state.ts";

export interface FlatOptimizer {
  /** State before the first step, for `length` parameters; the caller keeps it. */
  init(length: number): OptimizerState;
  /**
   * One step. Writes into `state` and `parameters` and allocates nothing; `gradient` is borrowed.
   * All arrays have the length that `init` was given.
   */
  update(
    state: OptimizerState,
    parameters: Float32Array,
    gradient: Float32Array,
    learningRate: number,
  ): void;
}

export function flatOptimizer(spec: OptimizerSpec): FlatOptimizer {
  const rule = ruleOf(spec);
  return {
    init: (length) => ({
      arrays: Object.fromEntries(rule.arrays.map((name) => [name, new Float32Array(length)])),
      scalars: { ...rule.scalars },
    }),
    update(state, parameters, gradient, learningRate) {
      rule.advance?.(state.scalars);
      rule.flat({ state, parameters, gradient, learningRate });
    },
  };
}
