// What a method keeps of a task beside its head, in the worker that holds the task's shard: how it travels
// and is kept. Tensors are named `TASK/method/ARRAY`.

import type { OptimizerState } from "../optimizer/state.ts";
import type { NamedTensor } from "../wire/connection.ts";

/** The tensors of a task's method state; they share its arrays. */
export function methodTensors(task: string, { arrays }: OptimizerState): NamedTensor[] {
  return Object.entries(arrays)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => ({ name: `${task}/method/${name}`, kind: "optimizer", values }));
}

/** The state that such tensors carry; shares their arrays. */
export function methodStateOf(
  task: string,
  tensors: readonly { name: string; values: Float32Array }[],
  scalars: Readonly<Record<string, number>>,
): OptimizerState {
  const prefix = `${task}/method/`;
  const arrays = tensors
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, values }) => [name.slice(prefix.length), values] as const);
  return { arrays: Object.fromEntries(arrays), scalars: { ...scalars } };
}
