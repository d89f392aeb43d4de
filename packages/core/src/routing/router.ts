// What a router has to say for itself: which parameters a task owns at a routed layer, how a training
// pass weighs the components, and what evaluation settles on. Routers know neither layers nor tasks:
// they see n candidates, the components that the task may use, in their order.

import type * as tf from "@tensorflow/tfjs";
import type { Random } from "../random/random.ts";

/** Where a router stands. */
export interface RouterPlace {
  /** n, the components that the task may use. */
  candidates: number;
  /** Numbers of one sample of the layer's input. */
  inputs: number;
}

/** A parameter of one task at one routed layer. */
export interface RouterParameter {
  name: string;
  shape: readonly number[];
  /** Before the first step; flat. */
  initial(draw: Random): Float32Array;
}

/** A training pass's numbers. */
export interface SampleContext {
  temperature: number;
  /** The pass's own stream. */
  draw: Random;
}

/** One training pass through a routed layer. */
export interface RouterSample {
  /**
   * `[n]`: which candidates the pass uses. The weights of the others get a gradient of exactly zero. Decided
   * in double precision from the parameters and counters alone, so that it can be known without the pass.
   */
  present: readonly boolean[];
  /** Weights of the candidates, `[n]` or `[B, n]`, differentiable; `x` is the layer's input `[B, ...]`. */
  weights(parameters: readonly tf.Tensor[], x: tf.Tensor): tf.Tensor;
}

/** How evaluation joins the outputs of the chosen candidates. */
export type Combination =
  | { kind: "mean" }
  | { kind: "sum" }
  /** One per chosen candidate. */
  | { kind: "weighted"; weights: readonly number[] }
  /** softmax(x kernel + bias), `[inputs, n]` and `[n]`; all candidates are chosen. */
  | { kind: "gated"; kernel: Float32Array; bias: Float32Array };

/** What evaluation and an exported model do at a layer. */
export interface Choice {
  /** Positions among the candidates, ascending; at least one. */
  chosen: readonly number[];
  combine: Combination;
}

/** A way to route; made by `gumbel()`, `dselectK()`, `softmaxGate()`, `noSharing()`, `sharedBottom()`. */
export interface Router {
  readonly kind: string;
  /** Components that a task may use, by the task's position in the experiment. @default all */
  allowed?: ((taskIndex: number, components: number) => readonly number[]) | undefined;
  parameters(place: RouterPlace): readonly RouterParameter[];
  /** @param values - The parameters, flat; borrowed. */
  sample(values: readonly Float32Array[], place: RouterPlace, context: SampleContext): RouterSample;
  choose(values: readonly Float32Array[], place: RouterPlace): Choice;
  /** `[n]`: probability, or weight, of each candidate as the values say. */
  usage(values: readonly Float32Array[], place: RouterPlace): readonly number[];
  /** p `[n]`, differentiable; absent where the router has no probabilities to put pressure on. */
  probabilities?(parameters: readonly tf.Tensor[]): tf.Tensor1D;
  /** A regulariser of the router's own, which is added to the task's loss. */
  penalty?(parameters: readonly tf.Tensor[], place: RouterPlace): tf.Scalar | null;
}

/** Which components a task may use. */
export interface AllowedOption {
  /** Components that a task may use, by the task's position in the experiment. @default all */
  allowed?: (taskIndex: number, components: number) => readonly number[];
}

/** Initial values, uniform in [-limit, limit). */
export function uniformArray(draw: Random, length: number, limit: number): Float32Array {
  return Float32Array.from({ length }, () => (2 * draw.uniform() - 1) * limit);
}
