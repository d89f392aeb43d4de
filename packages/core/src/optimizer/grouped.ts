// Optimizers over groups of one block's variables, as one: each group follows a specification of its own,
// and their states lie side by side in one state. A block of one group without a name has exactly the state
// that a single optimizer has.

import type * as tf from "@tensorflow/tfjs";
import { flatOptimizer } from "./flat-optimizer.ts";
import type { OptimizerSpec } from "./spec.ts";
import type { OptimizerState } from "./state.ts";
import { type TensorOptimizer, tensorOptimizer } from "./tensor-optimizer.ts";

/** A group of a block's parameters. */
export interface OptimizerGroup {
  /** What the names of its arrays and scalars begin with, before a dot; `""` for none. */
  name: string;
  spec: OptimizerSpec;
}

/** A group of variables, at a worker. */
export interface VariableGroup extends OptimizerGroup {
  variables: readonly tf.Variable[];
}

/** Several groups' optimizers as one. Borrows the variables, owns the state. */
export class GroupedOptimizer {
  readonly #groups: readonly VariableGroup[];
  readonly #optimizers: readonly TensorOptimizer[];

  constructor(groups: readonly VariableGroup[]) {
    this.#groups = groups;
    this.#optimizers = groups.map(({ spec, variables }) => tensorOptimizer(spec).init(variables));
  }

  /**
   * One step of all variables.
   *
   * @param gradients - By group, one per variable, in their order; borrowed.
   * @param learningRates - By group.
   */
  update(gradients: readonly (readonly tf.Tensor[])[], learningRates: readonly number[]): void {
    this.#optimizers.forEach((optimizer, i) => {
      optimizer.update(gradients[i]!, learningRates[i]!);
    });
  }

  /** The state of all groups; arrays are copies. */
  async read(): Promise<OptimizerState> {
    const states = await Promise.all(this.#optimizers.map((optimizer) => optimizer.read()));
    return joinedState(states.map((state, i) => ({ name: this.#groups[i]!.name, state })));
  }

  /** Goes on from a state that `read` gave, or {@link initialGroupedState}; copies it. */
  load(state: OptimizerState): void {
    this.#optimizers.forEach((optimizer, i) => {
      optimizer.load(partOf(state, this.#groups[i]!));
    });
  }

  /** Frees the state; the variables stay. */
  dispose(): void {
    for (const optimizer of this.#optimizers) optimizer.dispose();
  }
}

/** The state before the first step, for groups of `length` parameters each. */
export function initialGroupedState(
  groups: readonly (OptimizerGroup & { length: number })[],
): OptimizerState {
  return joinedState(
    groups.map(({ name, spec, length }) => ({ name, state: flatOptimizer(spec).init(length) })),
  );
}

function joinedState(parts: readonly { name: string; state: OptimizerState }[]): OptimizerState {
  const join = <K extends "arrays" | "scalars">(key: K) =>
    Object.fromEntries(
      parts.flatMap(({ name, state }) =>
        Object.entries(state[key]).map(([own, value]) => [prefixOf(name) + own, value] as const),
      ),
    ) as OptimizerState[K];
  return { arrays: join("arrays"), scalars: join("scalars") };
}

/** One group's part. What has no numbers does not travel: its arrays are empty where they are missing. */
function partOf(state: OptimizerState, { name, spec }: OptimizerGroup): OptimizerState {
  const { arrays, scalars } = flatOptimizer(spec).init(0);
  const prefix = prefixOf(name);
  const pick = <T>(known: Record<string, T>, given: Record<string, T>) =>
    Object.fromEntries(
      Object.entries(known).map(([key, value]) => [key, given[prefix + key] ?? value]),
    );
  return { arrays: pick(arrays, state.arrays), scalars: pick(scalars, state.scalars) };
}

const prefixOf = (name: string) => (name === "" ? "" : `${name}.`);
