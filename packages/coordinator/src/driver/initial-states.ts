// What a run starts from: the network's weights as they were drawn, and optimizers that have seen nothing.

import { type BlockState, initialBlockState, type PreparedExperiment } from "@trunkline/core";
import type { Snapshot } from "./store.ts";

export function initialStates({
  network,
  settings,
  tasks,
  trunkOptimizer,
}: PreparedExperiment): Pick<Snapshot, "trunk" | "heads"> {
  const { optimizer } = settings;
  const heads: Record<string, BlockState> = {};
  for (const task of tasks) {
    const { block } = network.head(task);
    heads[task] = initialBlockState(block, optimizer.heads, network.routing.settings.optimizer);
  }
  return { trunk: initialBlockState(network.trunk.block, trunkOptimizer), heads };
}
