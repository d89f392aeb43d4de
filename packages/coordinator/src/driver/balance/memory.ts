// What a run's method remembers: how it begins, and how it is copied.

import { copyState, type MethodMemory, type PreparedExperiment } from "@trunkline/core";

export function initialMemory({ method, tasks, network }: PreparedExperiment): MethodMemory {
  const { layout } = network.trunk.block;
  const size = {
    taskCount: tasks.length,
    length: layout.length,
    layerCount: layout.parameters.length,
  };
  return {
    numbers: method.form === "weighting" ? method.init(tasks.length) : {},
    state: method.form === "aggregator" ? method.init(size) : { arrays: {}, scalars: {} },
    lastWeights: null,
  };
}

/** Numbers and weights are replaced as a whole, never written to; arrays are. */
export function copyMemory({ numbers, state, lastWeights }: MethodMemory): MethodMemory {
  return { numbers, state: copyState(state), lastWeights };
}
