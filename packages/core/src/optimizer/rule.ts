// What one optimizer has to say for itself: its state and one step, once for flat arrays (the
// trunk, at the coordinator) and once for tensors (the heads, on the worker's device). Both forms
// of a formula stand side by side in the optimizer's file; everything else about blocks is in
// `flat-optimizer.ts` and `tensor-optimizer.ts`.

import type * as tf from "@tensorflow/tfjs";
import type { OptimizerState } from "./state.ts";

/** Operands of one step in tensor form; all have the parameter's shape. */
export interface TensorStep {
  /** Assigned by the step. */
  parameter: tf.Variable;
  /** Borrowed. */
  gradient: tf.Tensor;
  /** State arrays by name; assigned by the step. */
  slots: Readonly<Record<string, tf.Variable>>;
  /** Already advanced. */
  scalars: Readonly<Record<string, number>>;
  learningRate: number;
}

/** Operands of one step in flat form; arrays of equal length. */
export interface FlatStep {
  /** Written in place, its scalars already advanced. */
  state: OptimizerState;
  /** Written in place. */
  parameters: Float32Array;
  /** Borrowed. */
  gradient: Float32Array;
  learningRate: number;
}

export interface OptimizerRule {
  /** Names of the state's arrays; they start at zero. */
  readonly arrays: readonly string[];
  /** Names of the state's scalars, with their values before the first step. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Moves the scalars on by one step, in place; before either form of the step. */
  advance?(scalars: Record<string, number>): void;
  /** One step without allocation, in double precision, rounded once, where it is stored. */
  flat(step: FlatStep): void;
  /** The same step on the device; runs in a `tf.tidy`. */
  tensors(step: TensorStep): void;
}

/** A slot of a tensor step that must be there. */
export function slotOf(step: TensorStep, name: string): tf.Variable {
  const slot = step.slots[name];
  if (slot === undefined) throw new RangeError(`optimizer lacks the slot ${name}`);
  return slot;
}

/** A scalar that must be there. */
export function scalarOf(scalars: Readonly<Record<string, number>>, name: string): number {
  const scalar = scalars[name];
  if (scalar === undefined) throw new RangeError(`optimizer state lacks the scalar ${name}`);
  return scalar;
}
