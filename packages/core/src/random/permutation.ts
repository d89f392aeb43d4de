// Orders of samples.

import type { Random } from "./random.ts";

/** A permutation of 0 … length - 1, all equally likely (Fisher and Yates's shuffle). */
export function permutation(length: number, random: Random): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  for (let last = length - 1; last > 0; last--) {
    const chosen = random.integer(last + 1);
    const value = order[chosen]!;
    order[chosen] = order[last]!;
    order[last] = value;
  }
  return order;
}
