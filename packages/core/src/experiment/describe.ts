// What a run records of its experiment, and what two processes compare to know that they run the same one.

import { dataFingerprintBytes } from "../data/fingerprint.ts";
import type { PreparedExperiment } from "./prepare.ts";
import type { ResolvedExperiment } from "./resolve.ts";

/** Everything resolved, as plain data; functions appear as `"function NAME"`. */
export function describeExperiment({ name, options, overrides, settings }: ResolvedExperiment) {
  return { name, options, overrides, settings: plain(settings) as Record<string, unknown> };
}

function plain(value: unknown): unknown {
  if (typeof value === "function") return `function ${value.name}`.trimEnd();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "data");
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}

/**
 * Bytes to be hashed together with the module's sources: resolved settings and a fingerprint of the data.
 * Paths are in neither, so that machines may keep the experiment in different folders.
 */
export async function identityBytes(prepared: PreparedExperiment): Promise<Uint8Array[]> {
  const { options, settings, name } = describeExperiment(prepared);
  const text = JSON.stringify({ name, options, settings, shards: prepared.shards });
  const parts = [new TextEncoder().encode(text)];
  for (const source of prepared.sources) parts.push(await dataFingerprintBytes(source.splits));
  return parts;
}
