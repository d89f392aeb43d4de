// A gradient without the components that it does not touch: what is zero by construction does not travel.
// Letters: P = length of the trunk.

import { componentStretches, type Network } from "@trunkline/core";

/**
 * What is left of a gradient `[P]` without the components that are absent, in order.
 *
 * @param presence - By component, ascending.
 */
export function withoutAbsent(
  network: Network,
  gradient: Float32Array,
  presence: readonly boolean[],
): Float32Array {
  const absent = componentStretches(network).filter((_, c) => !presence[c]);
  const length = absent.reduce((rest, { from, to }) => rest - (to - from), gradient.length);
  const left = new Float32Array(length);
  let read = 0;
  let written = 0;
  for (const { from, to } of [...absent, { from: gradient.length, to: gradient.length }]) {
    left.set(gradient.subarray(read, from), written);
    written += from - read;
    read = to;
  }
  return left;
}
