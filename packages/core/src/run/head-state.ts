// A head as it travels and is kept: weights, statistics and optimizer state, flat. Tensors are named
// `TASK/weights`, `TASK/statistics` and `TASK/optimizer/ARRAY`; a tensor without numbers is left out.

import type { BlockLayout } from "../model/block.ts";
import { initialGroupedState, type OptimizerGroup } from "../optimizer/grouped.ts";
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

/** The specifications that a block's parameters follow. */
export interface BlockOptimizer {
  /** Of the model's parameters. */
  model: OptimizerSpec;
  /** Of a task's router parameters. */
  routing: OptimizerSpec;
}

/**
 * A block's groups in the order of its parameters, with their lengths: the model's, and behind it the
 * task's router parameters where it has any.
 */
export function optimizerGroups(
  { length, own }: BlockLayout,
  { model, routing }: BlockOptimizer,
): (OptimizerGroup & { length: number })[] {
  const routers = own.reduce((sum, { size }) => sum + size, 0);
  const whole = { name: "", spec: model, length: length - routers };
  return own.length === 0 ? [whole] : [whole, { name: "routing", spec: routing, length: routers }];
}

/**
 * A block before its first update: the given weights, and an optimizer that has seen nothing.
 *
 * @param routing - Of the router parameters, where the block has some. @default `optimizer`
 */
export function initialBlockState(
  block: { readWeights(): Float32Array; readStatistics(): Float32Array; layout: BlockLayout },
  optimizer: OptimizerSpec,
  routing = optimizer,
): BlockState {
  const groups = optimizerGroups(block.layout, { model: optimizer, routing });
  return {
    weights: block.readWeights(),
    statistics: block.readStatistics(),
    optimizer: initialGroupedState(groups),
  };
}
