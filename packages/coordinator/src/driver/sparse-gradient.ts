// A gradient that came without the components that it does not touch, made whole.
// Letters: P = length of the trunk.

import { isPresent } from "@trunkline/core";

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * Puts what is present into a vector of zeros, `[P]`.
 *
 * @param words - Of {@link isPresent}.
 * @param components - In the trunk's order, not overlapping; what is in none of them is always there.
 */
export function expandGradient(
  values: Float32Array,
  words: readonly number[],
  { components, length }: { components: readonly Stretch[]; length: number },
): Float32Array {
  const whole = new Float32Array(length);
  let read = 0;
  let at = 0;
  const copyTo = (end: number) => {
    whole.set(values.subarray(read, read + end - at), at);
    read += end - at;
    at = end;
  };
  for (const [c, { from, to }] of components.entries()) {
    copyTo(from);
    if (isPresent(words, c)) copyTo(to);
    at = to;
  }
  copyTo(length);
  return whole;
}
