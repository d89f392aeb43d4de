// The large arrays of a run: trunk, heads, their optimizers, and what arrived from workers and waits for
// its round. The machine names them by handles and versions and never sees them.

import {
  type BlockState,
  copyState,
  type MethodMemory,
  type NamedTensor,
  type OptimizerState,
} from "@trunkline/core";
import type { Handle, TensorRef } from "../machine/state.ts";

/** One consistent state of everything; its arrays are never written to. */
export interface Snapshot {
  /** Epochs trained. */
  epoch: number;
  trunk: BlockState;
  heads: Readonly<Record<string, BlockState>>;
  /** What the method keeps per task; nothing where it keeps nothing, or before its first step. */
  methodTasks: Readonly<Record<string, OptimizerState>>;
  /** What the method remembers at the coordinator. */
  method: MethodMemory;
}

/** What the store itself holds of a snapshot. */
export type Stored = Omit<Snapshot, "method" | "epoch">;

export class Store {
  #trunk: BlockState;
  /** A head's arrays are replaced as a whole, never written to. */
  #heads: Record<string, BlockState>;
  /** The same for what the method keeps per task. */
  #methodTasks: Record<string, OptimizerState> = {};
  readonly #arrivals = new Map<Handle, Float32Array>();
  #nextHandle = 0;

  constructor(initial: Pick<Stored, "trunk" | "heads">) {
    this.#trunk = copyBlock(initial.trunk);
    this.#heads = { ...initial.heads };
  }

  get trunk(): BlockState {
    return this.#trunk;
  }

  head(task: string): BlockState {
    const head = this.#heads[task];
    if (head === undefined) throw new RangeError(`no head for task ${task}`);
    return head;
  }

  setHead(task: string, head: BlockState): void {
    this.#heads[task] = head;
  }

  /** What the method keeps of a task, if it has come to keep anything. */
  method(task: string): OptimizerState {
    return this.#methodTasks[task] ?? { arrays: {}, scalars: {} };
  }

  setMethod(task: string, state: OptimizerState): void {
    this.#methodTasks[task] = state;
  }

  /** Takes ownership of arrived tensors. */
  keep(tensors: readonly NamedTensor[]): TensorRef[] {
    return tensors.map(({ name, values }) => {
      const handle = this.#nextHandle++;
      this.#arrivals.set(handle, values);
      return { name, handle, length: values.length };
    });
  }

  /** Gives an arrived array away. */
  take(handle: Handle): Float32Array {
    const values = this.#arrivals.get(handle);
    if (values === undefined) throw new RangeError(`no array ${handle}`);
    this.#arrivals.delete(handle);
    return values;
  }

  free(handles: readonly Handle[]): void {
    for (const handle of handles) this.#arrivals.delete(handle);
  }

  snapshot(epoch: number): Stored & { epoch: number } {
    return {
      epoch,
      trunk: copyBlock(this.#trunk),
      heads: { ...this.#heads },
      methodTasks: { ...this.#methodTasks },
    };
  }

  restore({ trunk, heads, methodTasks }: Stored): void {
    this.#trunk = copyBlock(trunk);
    this.#heads = { ...heads };
    this.#methodTasks = { ...methodTasks };
  }
}

function copyBlock({ weights, statistics, optimizer }: BlockState): BlockState {
  return {
    weights: weights.slice(),
    statistics: statistics.slice(),
    optimizer: copyState(optimizer),
  };
}
