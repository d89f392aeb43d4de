// What a run records of its experiment, and what two processes compare to know that they run the same one.

import { littleEndianBytes } from "../data/bytes.ts";
import { dataFingerprintBytes } from "../data/fingerprint.ts";
import type { PreparedExperiment } from "./prepare.ts";
import type { ResolvedExperiment } from "./resolve.ts";
import type { Settings } from "./settings.ts";

/** Everything resolved, as plain data; functions appear as `"function NAME"`. */
export function describeExperiment({ name, options, overrides, settings }: ResolvedExperiment) {
  return {
    name,
    options,
    overrides,
    settings: plain(withoutData(settings)) as Record<string, unknown>,
  };
}

/** A task may be named `data`, so only the two places where the field stands are looked at. */
function withoutData({ data: _, ...settings }: Settings) {
  const tasks = Object.entries(settings.tasks).map(([name, { data: __, ...task }]) => [name, task]);
  return { ...settings, tasks: Object.fromEntries(tasks) };
}

function plain(value: unknown): unknown {
  if (typeof value === "function") return `function ${value.name}`.trimEnd();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/**
 * Bytes to be hashed together with the module's sources: resolved settings, a fingerprint of the data, and
 * the weights that nobody trains or sends, as a pretrained base has them.
 * Paths are in neither, so that machines may keep the experiment in different folders.
 */
export async function identityBytes(prepared: PreparedExperiment): Promise<Uint8Array[]> {
  const { options, settings, name } = describeExperiment(prepared);
  const text = JSON.stringify({ name, options, settings, shards: prepared.shards });
  const parts = [new TextEncoder().encode(text)];
  for (const source of prepared.sources) parts.push(await dataFingerprintBytes(source.splits));
  const { trunk, heads } = prepared.network;
  for (const { block } of [trunk, ...heads.values()]) {
    parts.push(littleEndianBytes(block.readFrozen()));
  }
  return parts;
}
