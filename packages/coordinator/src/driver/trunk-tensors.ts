// The trunk as it goes out to workers.

import type { BlockState, NamedTensor } from "@trunkline/core";

/** Copies, since the trunk itself moves on; one set may go to any number of workers. */
export function trunkTensors({ weights, statistics }: BlockState): NamedTensor[] {
  const tensors: NamedTensor[] = [
    { name: "trunk/weights", kind: "trunk", values: weights.slice() },
    { name: "trunk/statistics", kind: "trunk", values: statistics.slice() },
  ];
  return tensors.filter((tensor) => tensor.values.length > 0);
}
