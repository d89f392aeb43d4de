// Bytes that stand for a run's data, for the caller to hash: two machines whose bytes are equal train, for
// all we can cheaply know, on the same data.

import { sizeOf } from "./arrays.ts";
import { joinBytes, littleEndianBytes } from "./bytes.ts";
import { fixedBatch } from "./chunks.ts";
import type { Batch, Dataset } from "./dataset.ts";

export interface FingerprintSplits {
  train: Dataset;
  validation?: Dataset;
  test?: Dataset;
}

const mostRows = 512;
/** Bounds the sample's inputs to 16 MiB where single inputs are large. */
const mostValues = 2 ** 22;

/**
 * Sizes and shapes as JSON, then a sample of rows as little-endian float32, per split in the order train,
 * validation, test. The sample is 512 rows (fewer of inputs over 32 kB) spread evenly, the first one
 * among them: inputs, then labels and weights by task name.
 */
export async function dataFingerprintBytes(splits: FingerprintSplits): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const name of ["train", "validation", "test"] as const) {
    const dataset = splits[name];
    if (dataset === undefined) continue;
    const batch = dataset.size > 0 ? await fixedBatch(dataset, spreadRows(dataset)) : undefined;
    parts.push(new TextEncoder().encode(`${JSON.stringify([name, ...description(dataset)])}\n`));
    if (batch !== undefined) parts.push(...arraysOf(batch).map(littleEndianBytes));
  }
  return joinBytes(parts);
}

function description({ size, inputShape, labelShapes }: Dataset): unknown[] {
  return [size, inputShape, byName(labelShapes)];
}

function spreadRows({ size, inputShape }: Dataset): Uint32Array {
  const fitting = Math.max(1, Math.floor(mostValues / sizeOf(inputShape)));
  const length = Math.min(size, mostRows, fitting);
  return Uint32Array.from({ length }, (_, i) => Math.floor((i * size) / length));
}

function arraysOf({ inputs, labels, sampleWeights = {} }: Batch): Float32Array[] {
  const named = [...byName(labels), ...byName(sampleWeights)];
  return [inputs, ...named.map(([, values]) => values)];
}

/** Entries in the order of UTF-16 units, whatever the order of insertion. */
function byName<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
