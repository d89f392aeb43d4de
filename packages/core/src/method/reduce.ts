// Reduction of the shards' vectors. Float sums depend on their order, so it is always the shards' own
// order, whatever the order of arrival.
// Letters: P = length of the trunk, S = shards.

/**
 * Sum in shard order, in float32 after every addition.
 *
 * @param shards - S vectors `[P]`, by shard; the first one is overwritten with the sum.
 * @returns The first vector.
 */
export function sumShards(shards: readonly Float32Array[]): Float32Array {
  const sum = shards[0]!;
  for (let s = 1; s < shards.length; s++) {
    const next = shards[s]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += next[i]!;
  }
  return sum;
}

/** Mean in shard order, for batch-norm statistics; overwrites and returns the first vector. */
export function meanShards(shards: readonly Float32Array[]): Float32Array {
  const sum = sumShards(shards);
  for (let i = 0; i < sum.length; i++) sum[i]! /= shards.length;
  return sum;
}

/** Index of the first value that is NaN or infinite, or -1. */
export function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return i;
  return -1;
}
