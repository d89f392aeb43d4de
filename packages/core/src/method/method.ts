// How task gradients become the trunk's step. A method is mathematics with explicit state: it sees the
// smallest thing that it can, declares it, and knows nothing of shards, workers or the wire. Nobody asks
// a method for its name.
// Letters: M = tasks, P = length of the trunk. The task's own weight lambda_k is part of its loss here:
// L_k = lambda_k l_k and g_k = lambda_k grad_{w_0} l_k, unless a method says otherwise.

import type { OptimizerSpec } from "../optimizer/spec.ts";
import type { OptimizerState } from "../optimizer/state.ts";
import type { Random } from "../random/random.ts";

/**
 * What a method must see of the present step before it can weigh the tasks, in the order of its cost:
 * nothing; the losses L `[M]`; the norms of the gradients, `[M]`; their inner products, `[M, M]`; or the
 * gradients themselves, `[M, P]`.
 */
export type Needs = "nothing" | "losses" | "norms" | "gram" | "rows";

/**
 * What a method takes from finished steps, for later ones: `losses` come with every gradient anyway;
 * `norms` cost a backward pass per task; `lossesAfter`, the losses on the same batch after the trunk moved,
 * cost a forward pass. None of them costs a message.
 */
export type Learns = "nothing" | "losses" | "lossesAfter" | "norms";

/** What the sum of weighted gradients is scaled to: as it is, weights that sum to M, or the mean gradient's norm. */
export const normalisations = ["none", "sumToTasks", "meanNorm"] as const;
export type Normalisation = (typeof normalisations)[number];

/** The properties that the conformance suite knows; see `docs/methods.md`. */
export const properties = [
  /** Renaming the tasks renames the weights and changes nothing else. */
  "permutationEquivariant",
  /** With one task the trunk's step is the plain gradient. */
  "oneTaskIsPlain",
  /** The step's inner product with every task's gradient is at least 0, to rounding. */
  "nonConflicting",
  /** Multiplying one task's loss by a constant does not change the step's direction. */
  "scaleInvariant",
  /** Weights sum to 1, or to M where `normalise` says so. */
  "weightsSumToOne",
  "weightsSumToTasks",
  /** No weight is negative. */
  "nonNegativeWeights",
] as const;
export type Property = (typeof properties)[number];

/** For every property: `true` where it is claimed, else the reason why it is not. */
export type Claims = Readonly<Record<Property, true | string>>;

/** Numbers in double precision, by name; plain data, so that checkpoints need no code of a method. */
export type MethodState = Readonly<Record<string, readonly number[]>>;

/** Counts the run's shared and joint steps; head phases do not move it. */
export interface Clock {
  /** Steps before this one. */
  readonly step: number;
  /** Whole epochs of such steps before this one. */
  readonly epoch: number;
}

/** Rows of a square matrix. */
export type Matrix = readonly Float64Array[];

/** The present step, as a method sees it; what it did not ask for is empty. */
export interface StepView {
  /** M. */
  readonly taskCount: number;
  readonly clock: Clock;
  /** L, `[M]`. */
  readonly losses: readonly number[];
  /** Of the rows as the transform left them, `[M]`, or what it reports in their place. */
  readonly norms: readonly number[];
  /** G = J J^T of the rows as the transform left them, `[M, M]`, finite and symmetric. */
  readonly gram: Matrix;
  /** A stream of this step's own. */
  readonly random: Random;
}

/** Something that a method did because it could not do what it is for. */
export interface Fallback {
  readonly kind: "zeroGradient" | "noSolution";
  /** Indices of the tasks that it is about. */
  readonly tasks: readonly number[];
  /** What was done instead, as a clause: `it is left out of this step`. */
  readonly instead: string;
}

export interface Weighed {
  readonly state: MethodState;
  /** alpha, `[M]`, finite; the trunk's direction is sum_k alpha_k g_k. */
  readonly weights: readonly number[];
  readonly fallback?: Fallback;
}

/** A finished step, as a method learns of it. */
export interface Outcome {
  readonly clock: Clock;
  /** L before the step, `[M]`. */
  readonly losses: readonly number[];
  /** L on the same batch after the step, `[M]`; empty unless asked for. */
  readonly lossesAfter: readonly number[];
  /** `[M]`; empty unless asked for. */
  readonly norms: readonly number[];
}

interface Common {
  /** Tasks' weights scale the heads' gradients too, in the published form. */
  readonly scaleHeads: boolean;
  /** The published form's scale. */
  readonly normalise: Normalisation;
  /**
   * The trunk's optimizer, in place of the experiment's: plain SGD where the direction is divided by its
   * own second moments already, and another adaptive rule would divide it twice. Weight decay stays there,
   * once, outside of the tasks' moments. @default the experiment's
   */
  readonly trunkOptimizer?: OptimizerSpec;
  readonly claims: Claims;
  /** Every weight is 1, whatever happens: there is nothing to tell, and nothing to need. @default false */
  readonly plainSum?: true;
}

/** A method that gives one weight per task. */
export interface Weighting extends Common {
  readonly form: "weighting";
  readonly needs: Exclude<Needs, "rows">;
  readonly learns: Learns;
  /** What workers do to each task's gradient before anybody sees it. @default nothing */
  readonly transform?: RowTransform;
  /** State before the first step of M tasks. */
  init(taskCount: number): MethodState;
  /**
   * Pure. Where it needs and learns nothing it may look at task count, clock and random stream only, and
   * `init` gives `{}`: every worker then computes the weights by itself.
   */
  weigh(state: MethodState, step: StepView): Weighed;
  /** Pure; there where `learns` is not `nothing`. */
  learn?(state: MethodState, outcome: Outcome): MethodState;
}

/** A method that makes the trunk's direction from all rows, coordinate by coordinate. */
export interface Aggregator extends Common {
  readonly form: "aggregator";
  readonly needs: "rows";
  readonly learns: "nothing";
  init(size: { taskCount: number; length: number; layerCount: number }): OptimizerState;
  /**
   * Writes the direction `[P]` into `direction`; may write to `state` and to `rows`, which it borrows.
   * Rows `[M][P]`, finite.
   */
  aggregate(
    state: OptimizerState,
    rows: readonly Float32Array[],
    step: AggregateStep,
    direction: Float32Array,
  ): void;
}

export interface AggregateStep {
  readonly clock: Clock;
  readonly random: Random;
  /** First index of each parameter array of the trunk, and P at the end. */
  readonly layers: readonly number[];
}

/**
 * A method whose rows are steps already, made by the worker from its own state: the coordinator only sums
 * them and moves the trunk by plain SGD. The task's own weight multiplies its step, since it would be lost
 * in the gradient.
 */
export interface StepMethod extends Common {
  readonly form: "steps";
  readonly needs: "nothing";
  readonly learns: "nothing";
  readonly transform: RowTransform;
  readonly reduction: "sum" | "mean";
}

export type Method = Weighting | Aggregator | StepMethod;

/**
 * What a worker does to the row of one task, with state that belongs to the task and lives with its shard.
 */
export interface RowTransform {
  /** Names of the state's arrays; each `[P]`, zero at the start. */
  readonly arrays: readonly string[];
  /**
   * Names of the state's scalars with their first values. A scalar that each block has of its own is not
   * among them: it comes into the state as `NAME.b` with the first step of block b.
   */
  readonly scalars: Readonly<Record<string, number>>;
  /**
   * Rewrites the row `[P]` in place and moves the state in place. What it returns is reported in place of
   * the row's norm.
   */
  apply(state: OptimizerState, row: Float32Array, step: TransformStep): number | undefined;
}

/** A stretch `[from, to)` of the row whose parameters a task's pass touches together or not at all. */
export interface RowBlock {
  readonly from: number;
  readonly to: number;
  /**
   * Whether this step's pass touched it. Where not, the row is zero and holds no information: neither row
   * nor state moves there, and the block's own count of steps stands still.
   */
  readonly present: boolean;
}

export interface TransformStep {
  readonly clock: Clock;
  /** L_k of this step. */
  readonly loss: number;
  /** All blocks of the row in ascending order, the same ones in every step. @default one, present */
  readonly blocks?: readonly RowBlock[];
}
