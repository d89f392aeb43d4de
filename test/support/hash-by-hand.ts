// The hashes of a state as docs/promises.md defines them, written a second time: a mistake in the
// coordinator's own would otherwise be on both sides of every comparison.

import { createHash, type Hash } from "node:crypto";
import type { BlockState, Hashes } from "@trunkline/core";

export function hashByHand(trunk: BlockState, heads: Readonly<Record<string, BlockState>>): Hashes {
  const optimizer = createHash("sha256");
  for (const { optimizer: state } of [trunk, ...Object.values(heads)]) {
    for (const name of Object.keys(state.arrays).sort()) floats(optimizer, state.arrays[name]!);
    for (const name of Object.keys(state.scalars).sort()) double(optimizer, state.scalars[name]!);
  }
  const named = Object.entries(heads).map(([task, head]) => [task, weightsOf(head)] as const);
  return {
    trunk: weightsOf(trunk),
    heads: Object.fromEntries(named),
    optimizer: optimizer.digest("hex"),
  };
}

function weightsOf({ weights, statistics }: BlockState): string {
  const hash = createHash("sha256");
  floats(hash, weights);
  floats(hash, statistics);
  return hash.digest("hex");
}

function floats(hash: Hash, values: Float32Array): void {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeFloatLE(value, 4 * i);
  hash.update(bytes);
}

function double(hash: Hash, value: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  hash.update(bytes);
}
