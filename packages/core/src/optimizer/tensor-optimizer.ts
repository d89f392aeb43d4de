// An optimizer over the variables of one block on the device: a head, at a worker. State leaves the
// device only when it is read. State is kept by position in the list of variables, never by their
// names, which tfjs counts per process.

import * as tf from "@tensorflow/tfjs";
import type { OptimizerRule } from "./rule.ts";
import { type OptimizerSpec, ruleOf } from "./spec.ts";
import { arrayOf, type OptimizerState } from "./state.ts";

type Slots = Readonly<Record<string, tf.Variable>>;

/**
 * Makes optimizers of one kind, one for each block.
 *
 * @example
 * const optimizer = tensorOptimizer(adam()).init(variables);
 * optimizer.update(gradients, 1e-3);
 * const state = await optimizer.read();
 * optimizer.dispose();
 */
export function tensorOptimizer(spec: OptimizerSpec) {
  const rule = ruleOf(spec);
  return { init: (variables: readonly tf.Variable[]) => new TensorOptimizer(rule, variables) };
}

/** Borrows the variables, owns its state; made by {@link tensorOptimizer}. */
export class TensorOptimizer {
  readonly #rule: OptimizerRule;
  readonly #variables: readonly tf.Variable[];
  readonly #slots: readonly Slots[];
  #scalars: Record<string, number>;

  constructor(rule: OptimizerRule, variables: readonly tf.Variable[]) {
    this.#rule = rule;
    this.#variables = variables;
    this.#slots = variables.map(({ shape }) => zeroSlots(rule.arrays, shape));
    this.#scalars = { ...rule.scalars };
  }

  /**
   * One step of all variables.
   *
   * @param gradients - One per variable, in their order; borrowed.
   */
  update(gradients: readonly tf.Tensor[], learningRate: number): void {
    this.#rule.advance?.(this.#scalars);
    for (const [i, parameter] of this.#variables.entries()) {
      const gradient = gradients[i]!;
      const slots = this.#slots[i]!;
      const scalars = this.#scalars;
      tf.tidy(() => this.#rule.tensors({ parameter, gradient, slots, scalars, learningRate }));
    }
  }

  /** The state as it is now; arrays are copies, concatenated over the variables in order. */
  async read(): Promise<OptimizerState> {
    const scalars = { ...this.#scalars };
    const arrays = this.#rule.arrays.map(async (name) => {
      const parts = await Promise.all(this.#slots.map((slots) => slots[name]!.data()));
      return [name, concatenate(parts as Float32Array[])] as const;
    });
    return { arrays: Object.fromEntries(await Promise.all(arrays)), scalars };
  }

  /** Goes on from a state that `read` gave, or the flat form; copies it. */
  load(state: OptimizerState): void {
    this.#scalars = { ...state.scalars };
    for (const name of this.#rule.arrays) {
      const array = arrayOf(state, name);
      let offset = 0;
      for (const slots of this.#slots) {
        const slot = slots[name]!;
        // A copy: the cpu backend would keep the caller's own array.
        assign(slot, array.slice(offset, offset + slot.size));
        offset += slot.size;
      }
    }
  }

  /** Frees the state; the variables stay. */
  dispose(): void {
    for (const slots of this.#slots) tf.dispose(slots as tf.NamedTensorMap);
  }
}

function zeroSlots(names: readonly string[], shape: number[]): Slots {
  return tf.tidy(() =>
    Object.fromEntries(names.map((name) => [name, tf.variable(tf.zeros(shape), false)])),
  );
}

function assign(slot: tf.Variable, values: Float32Array): void {
  tf.tidy(() => slot.assign(tf.tensor(values, slot.shape)));
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
