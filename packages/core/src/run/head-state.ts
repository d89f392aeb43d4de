// A head as it travels and is kept: weights, statistics and optimizer state, flat. Tensors are named
// `TASK/weights`, `TASK/statistics` and `TASK/optimizer/ARRAY`; a tensor without numbers is left out.

import type { BlockLayout } from "../model/block.ts";
import { flatOptimizer } from "../optimizer/flat-optimizer.ts";
import type { OptimizerSpec } from "../optimizer/spec.ts";
import type { OptimizerState } from "../optimizer/state.ts";
import type { NamedTensor } from "../wire/connection.ts";

/** State of one block: a head, or the trunk. */
export interface BlockState {
  /** `[layout.length]` */
  weights: Float32Array;
  /** `[layout.statisticsLength]` */
  statistics: Float32Array;
  optimizer: OptimizerState;
}

/** The tensors of a head; they share their arrays with `state`. */
export function headTensors(task: string, state: BlockState): NamedTensor[] {
  const tensors: NamedTensor[] = [
    { name: `${task}/weights`, kind: "heads", values: state.weights },
    { name: `${task}/statistics`, kind: "heads", values: state.statistics },
  ];
  for (const [name, values] of Object.entries(state.optimizer.arrays)) {
    tensors.push({ name: `${task}/optimizer/${name}`, kind: "optimizer", values });
  }
  return tensors.filter((tensor) => tensor.values.length > 0);
}

/** The state that a head's tensors carry; shares their arrays. */
export function headStateOf(
  task: string,
  tensors: readonly { name: string; values: Float32Array }[],
  scalars: Readonly<Record<string, number>>,
): BlockState {
  const prefix = `${task}/optimizer/`;
  const find = (name: string) =>
    tensors.find((tensor) => tensor.name === `${task}/${name}`)?.values;
  const arrays = tensors
    .filter((tensor) => tensor.name.startsWith(prefix))
    .map((tensor) => [tensor.name.slice(prefix.length), tensor.values] as const);
  return {
    weights: find("weights") ?? new Float32Array(0),
    statistics: find("statistics") ?? new Float32Array(0),
    optimizer: { arrays: Object.fromEntries(arrays), scalars: { ...scalars } },
  };
}

/** A block before its first update: the given weights, and an optimizer that has seen nothing. */
export function initialBlockState(
  block: { readWeights(): Float32Array; readStatistics(): Float32Array; layout: BlockLayout },
  optimizer: OptimizerSpec,
): BlockState {
  return {
    weights: block.readWeights(),
    statistics: block.readStatistics(),
    optimizer: flatOptimizer(optimizer).init(block.layout.length),
  };
}
