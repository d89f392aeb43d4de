// What an optimizer remembers between steps: a visible value, so that checkpoints, resumed runs and
// hashes need nothing of their own.

/**
 * State of one block. Arrays are flat, each as long as the block's parameters and in their order.
 * Scalars are running values in double precision, kept and never recomputed, so that a resumed run
 * goes on with the same bits.
 */
export interface OptimizerState {
  arrays: Record<string, Float32Array>;
  scalars: Record<string, number>;
}

/** An array of the state that must be there. */
export function arrayOf(state: OptimizerState, name: string): Float32Array {
  const array = state.arrays[name];
  if (array === undefined) throw new RangeError(`optimizer state lacks the array ${name}`);
  return array;
}

/** A state that the other's writer does not reach. */
export function copyState({ arrays, scalars }: OptimizerState): OptimizerState {
  const copies = Object.entries(arrays).map(([name, values]) => [name, values.slice()] as const);
  return { arrays: Object.fromEntries(copies), scalars: { ...scalars } };
}
