// The hashes that runs are compared by: SHA-256 over little-endian float32.

import { createHash, type Hash } from "node:crypto";
import type { BlockState, Hashes, OptimizerState } from "@trunkline/core";
import type { Snapshot } from "./store.ts";

/**
 * Weights are followed by statistics, where a block has any. `optimizer` covers the arrays of the trunk's
 * optimizer and then those of each head's, tasks in the experiment's order, and after each block's arrays
 * its scalars as little-endian float64, by name. What the method remembers at the coordinator follows (its
 * state as a block's, its numbers by name, the last step's weights where they are not all 1), and then what it
 * keeps of each task, as a block's.
 */
export function hashesOf({ trunk, heads, methodTasks, method }: Omit<Snapshot, "epoch">): Hashes {
  const optimizer = createHash("sha256");
  for (const block of [trunk, ...Object.values(heads)]) addState(optimizer, block.optimizer);
  addState(optimizer, method.state);
  for (const name of Object.keys(method.numbers).sort())
    addNumbers(optimizer, method.numbers[name]!);
  const { lastWeights } = method;
  if (lastWeights?.some((weight) => weight !== 1)) addNumbers(optimizer, lastWeights);
  for (const task of Object.keys(heads)) {
    const state = methodTasks[task];
    if (state !== undefined) addState(optimizer, state);
  }
  return {
    trunk: hashBlock(trunk),
    heads: Object.fromEntries(Object.entries(heads).map(([task, head]) => [task, hashBlock(head)])),
    optimizer: optimizer.digest("hex"),
  };
}

function addState(hash: Hash, { arrays, scalars }: OptimizerState): void {
  for (const name of Object.keys(arrays).sort()) hash.update(bytesOf(arrays[name]!));
  const names = Object.keys(scalars).sort();
  addNumbers(
    hash,
    names.map((name) => scalars[name]!),
  );
}

function addNumbers(hash: Hash, values: readonly number[]): void {
  hash.update(new Uint8Array(Float64Array.from(values).buffer));
}

function hashBlock({ weights, statistics }: BlockState): string {
  return createHash("sha256").update(bytesOf(weights)).update(bytesOf(statistics)).digest("hex");
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
