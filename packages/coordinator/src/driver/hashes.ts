// The hashes that runs are compared by: SHA-256 over little-endian float32.

import { createHash } from "node:crypto";
import type { BlockState, Hashes } from "@trunkline/core";
import type { Snapshot } from "./store.ts";

/**
 * Weights are followed by statistics, where a block has any. `optimizer` covers the arrays of the trunk's
 * optimizer and then those of each head's, tasks in the experiment's order, and after each block's arrays
 * its scalars as little-endian float64, by name.
 */
export function hashesOf({ trunk, heads }: Pick<Snapshot, "trunk" | "heads">): Hashes {
  const optimizer = createHash("sha256");
  for (const block of [trunk, ...Object.values(heads)]) {
    const { arrays, scalars } = block.optimizer;
    for (const name of Object.keys(arrays).sort()) optimizer.update(bytesOf(arrays[name]!));
    const values = Object.keys(scalars)
      .sort()
      .map((name) => scalars[name]!);
    optimizer.update(new Uint8Array(Float64Array.from(values).buffer));
  }
  return {
    trunk: hashBlock(trunk),
    heads: Object.fromEntries(Object.entries(heads).map(([task, head]) => [task, hashBlock(head)])),
    optimizer: optimizer.digest("hex"),
  };
}

function hashBlock({ weights, statistics }: BlockState): string {
  return createHash("sha256").update(bytesOf(weights)).update(bytesOf(statistics)).digest("hex");
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
