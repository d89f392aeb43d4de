// Routes that nothing learns: the two baselines that allocation is compared with.

import * as tf from "@tensorflow/tfjs";
import type { AllowedOption, Router } from "./router.ts";

/**
 * Task i uses component i alone: separate trunks as far as the layer goes. The layer needs a component for
 * each task.
 */
export function noSharing(): Router {
  const own = (taskIndex: number) => [taskIndex];
  return { ...sharedBottom({ allowed: own }), kind: "noSharing" };
}

/**
 * Every task uses every component, and the outputs are summed. A learned router averages instead, so that a
 * comparison of the two should name the difference.
 */
export function sharedBottom({ allowed }: AllowedOption = {}): Router {
  return {
    kind: "sharedBottom",
    allowed,
    parameters: () => [],
    sample: (_, { candidates: n }) => ({
      present: Array.from({ length: n }, () => true),
      weights: () => tf.ones([n]),
    }),
    choose: (_, { candidates: n }) => ({
      chosen: Array.from({ length: n }, (__, i) => i),
      combine: { kind: "sum" },
    }),
    usage: (_, { candidates: n }) => Array.from({ length: n }, () => 1),
  };
}
