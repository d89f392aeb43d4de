// A snapshot of a run as one safetensors file: weights by name and shape, as other programs read them, and
// the optimizers' states flat.
// Names: `BLOCK/PARAMETER`, `BLOCK/optimizer/ARRAY`; BLOCK is `trunk` or `heads/TASK`. What the method keeps is
// `method/ARRAY` and, of a task, `method/TASK/ARRAY`; its numbers are in the metadata.

import { readFile } from "node:fs/promises";
import {
  type BlockLayout,
  type BlockState,
  EnvironmentError,
  type MethodMemory,
  type Network,
  noMemory,
  type OptimizerState,
} from "@trunkline/core";
import type { Snapshot } from "../driver/store.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { fileError } from "./file-error.ts";
import { decodeSafetensors, encodeSafetensors, type NamedArray } from "./safetensors.ts";

type Slots = BlockLayout["parameters"];

export async function writeSnapshot(
  path: string,
  snapshot: Snapshot,
  network: Network,
): Promise<void> {
  const blocks = blocksOf(snapshot, network);
  const tensors = blocks.flatMap(({ name, state, layout }) => [
    ...weightsOf(name, state, layout),
    ...statesOf(`${name}/optimizer`, state.optimizer),
  ]);
  const { method, methodTasks } = snapshot;
  tensors.push(...statesOf("method", method.state));
  const tasks = Object.entries(methodTasks);
  tensors.push(...tasks.flatMap(([task, state]) => statesOf(`method/${task}`, state)));
  const scalars = Object.fromEntries(
    blocks.map(({ name, state }) => [name, state.optimizer.scalars]),
  );
  const kept: MethodRecord = {
    numbers: method.numbers,
    scalars: method.state.scalars,
    lastWeights: method.lastWeights,
    tasks: Object.fromEntries(tasks.map(([task, state]) => [task, state.scalars])),
  };
  const metadata = {
    epoch: String(snapshot.epoch),
    scalars: JSON.stringify(scalars),
    method: JSON.stringify(kept),
  };
  await writeFileAtomically(path, encodeSafetensors({ tensors, metadata }));
}

/** The weights alone, statistics of batch norm included. */
export async function writeWeights(
  path: string,
  snapshot: Snapshot,
  network: Network,
): Promise<void> {
  const tensors = blocksOf(snapshot, network).flatMap(({ name, state, layout }) =>
    weightsOf(name, state, layout),
  );
  const metadata = { format: "trunkline", epoch: String(snapshot.epoch) };
  await writeFileAtomically(path, encodeSafetensors({ tensors, metadata }));
}

/** Reads what {@link writeSnapshot} wrote for the same network. */
export async function readSnapshot(path: string, network: Network): Promise<Snapshot> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw fileError(path, "read", cause);
  });
  const { tensors, metadata } = decodeSafetensors(path, bytes);
  const arrays = new Map(tensors.map(({ name, values }) => [name, values]));
  const scalars = JSON.parse(metadata.scalars ?? "{}") as Record<string, Record<string, number>>;
  const read = (name: string, layout: BlockLayout): BlockState => ({
    weights: joined(arrays, name, layout.parameters),
    statistics: joined(arrays, name, layout.statistics),
    optimizer: { arrays: arraysIn(arrays, `${name}/optimizer`), scalars: scalars[name] ?? {} },
  });
  const heads = [...network.heads].map(
    ([task, head]) => [task, read(`heads/${task}`, head.block.layout)] as const,
  );
  return {
    epoch: Number(metadata.epoch),
    trunk: read("trunk", network.trunk.block.layout),
    heads: Object.fromEntries(heads),
    ...methodOf(metadata.method, arrays),
  };
}

/** Numbers of the method in the metadata; in JSON they come back to the bit. */
interface MethodRecord {
  numbers: MethodMemory["numbers"];
  scalars: Record<string, number>;
  lastWeights: MethodMemory["lastWeights"];
  /** Scalars of what it keeps per task. */
  tasks: Record<string, Record<string, number>>;
}

function methodOf(
  json: string | undefined,
  arrays: ReadonlyMap<string, Float32Array>,
): Pick<Snapshot, "method" | "methodTasks"> {
  if (json === undefined) return { method: noMemory, methodTasks: {} };
  const { numbers, scalars, lastWeights, tasks } = JSON.parse(json) as MethodRecord;
  const methodTasks = Object.entries(tasks).map(([task, own]) => {
    return [task, { arrays: arraysIn(arrays, `method/${task}`), scalars: own }] as const;
  });
  const state = { arrays: arraysIn(arrays, "method"), scalars };
  return { method: { numbers, state, lastWeights }, methodTasks: Object.fromEntries(methodTasks) };
}

/** Puts a snapshot's weights into a network of the same experiment. */
export function loadSnapshot(snapshot: Snapshot, network: Network): void {
  for (const { state, block } of blocksOf(snapshot, network)) {
    block.writeWeights(state.weights);
    block.writeStatistics(state.statistics);
  }
}

function blocksOf({ trunk, heads }: Snapshot, network: Network) {
  const headBlocks = [...network.heads].map(([task, { block }]) => {
    return { name: `heads/${task}`, state: heads[task]!, layout: block.layout, block };
  });
  const { block } = network.trunk;
  return [{ name: "trunk", state: trunk, layout: block.layout, block }, ...headBlocks];
}

function weightsOf(name: string, state: BlockState, layout: BlockLayout): NamedArray[] {
  const cut = (slots: Slots, flat: Float32Array) =>
    slots.map(({ name: slot, shape, offset, size }) => {
      return { name: `${name}/${slot}`, shape, values: flat.subarray(offset, offset + size) };
    });
  return [...cut(layout.parameters, state.weights), ...cut(layout.statistics, state.statistics)];
}

function statesOf(prefix: string, { arrays }: OptimizerState): NamedArray[] {
  return Object.entries(arrays).map(([array, values]) => {
    return { name: `${prefix}/${array}`, shape: [values.length], values };
  });
}

/** Arrays right under a prefix. */
function arraysIn(arrays: ReadonlyMap<string, Float32Array>, folder: string) {
  const prefix = `${folder}/`;
  const isIn = (key: string) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/");
  const found = [...arrays].filter(([key]) => isIn(key));
  return Object.fromEntries(found.map(([key, values]) => [key.slice(prefix.length), values]));
}

function joined(
  arrays: ReadonlyMap<string, Float32Array>,
  name: string,
  slots: Slots,
): Float32Array {
  const flat = new Float32Array(slots.reduce((length, slot) => length + slot.size, 0));
  for (const slot of slots) {
    const full = `${name}/${slot.name}`;
    const values = arrays.get(full);
    if (values?.length !== slot.size) throw otherNetwork(full, slot.size, values?.length);
    flat.set(values, slot.offset);
  }
  return flat;
}

function otherNetwork(name: string, wanted: number, found = 0): EnvironmentError {
  return new EnvironmentError(
    "experiment/changed",
    `The network has ${wanted} numbers in \`${name}\`. The saved weights have ${found}.`,
    {
      remedy: "Restore the experiment's module as it was when the run was made.",
      details: { name, wanted, found },
    },
  );
}
