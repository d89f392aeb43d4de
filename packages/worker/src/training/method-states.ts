// What the method keeps of each task in this worker, and the rows that it makes of gradients. The state
// belongs to the task's shard, never to the worker.
// Letters: P = length of the trunk.

import {
  type Clock,
  copyState,
  type OptimizerState,
  type PreparedExperiment,
  type RowBlock,
  type RowTransform,
  transformOf,
  transformState,
} from "@trunkline/core";

/** Share of the mean square of earlier steps that a step keeps, for the report of dominance. */
const dominanceDecay = 0.9;

export interface RowTerms {
  clock: Clock;
  /** L_k, with the task's own weight. */
  loss: number;
  /** All blocks of the trunk, ascending, where its layers are routed. */
  blocks?: readonly RowBlock[];
}

export class MethodStates {
  readonly #prepared: PreparedExperiment;
  readonly #transform: RowTransform | undefined;
  readonly #states = new Map<string, OptimizerState>();

  constructor(prepared: PreparedExperiment) {
    this.#prepared = prepared;
    this.#transform = transformOf(prepared.method);
  }

  /** Whether there is anything to keep. */
  get isKept(): boolean {
    return this.#transform !== undefined;
  }

  load(task: string, state: OptimizerState): void {
    const { arrays, scalars } = this.#fresh();
    this.#states.set(task, {
      arrays: { ...arrays, ...state.arrays },
      scalars: { ...scalars, ...state.scalars },
    });
  }

  /** A copy. */
  read(task: string): OptimizerState {
    return copyState(this.#of(task));
  }

  /** Rewrites a row `[P]` in place; returns what is reported in place of its norm, if anything is. */
  apply(task: string, row: Float32Array, terms: RowTerms): number | undefined {
    if (this.#transform === undefined) return undefined;
    const state = this.#of(task);
    const figure = this.#transform.apply(state, row, terms);
    if (this.#prepared.method.form === "steps") this.#noteSize(state, row);
    return figure;
  }

  /** Decayed mean square of a task's steps, by parameter array of the trunk. */
  dominance(task: string): number[] {
    const { scalars } = this.#of(task);
    return this.#prepared.network.trunk.block.layout.parameters.map(
      (_, layer) => scalars[dominanceName(layer)] ?? 0,
    );
  }

  #noteSize(state: OptimizerState, row: Float32Array): void {
    for (const [
      layer,
      { offset, size },
    ] of this.#prepared.network.trunk.block.layout.parameters.entries()) {
      let sum = 0;
      for (let i = offset; i < offset + size; i++) sum += row[i]! * row[i]!;
      const before = state.scalars[dominanceName(layer)] ?? 0;
      state.scalars[dominanceName(layer)] =
        dominanceDecay * before + (1 - dominanceDecay) * (sum / size);
    }
  }

  #of(task: string): OptimizerState {
    const known = this.#states.get(task);
    if (known !== undefined) return known;
    const fresh = this.#fresh();
    this.#states.set(task, fresh);
    return fresh;
  }

  #fresh(): OptimizerState {
    const { length } = this.#prepared.network.trunk.block.layout;
    return this.#transform === undefined
      ? { arrays: {}, scalars: {} }
      : transformState(this.#transform, length);
  }
}

const dominanceName = (layer: number) => `dominance.${layer}`;
