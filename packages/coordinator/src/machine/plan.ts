// What a run is going to do, fixed before its first event: plain data, made once from the experiment.

import type { Exchange, Overrides, Phase, PlateauSpec, Split } from "@trunkline/core";

/** Tensors that a worker delivers for one task, by name, with their lengths. */
export type TensorLengths = Readonly<Record<string, number>>;

export interface RunPlan {
  readonly run: string;
  /** Name of the experiment. */
  readonly experiment: string;
  /** Hash that a worker's own experiment must have. */
  readonly experimentHash: string;
  readonly overrides: Overrides;
  readonly seed: number;
  /** Workers that training waits for. */
  readonly workers: number;
  /** Tasks of each shard. */
  readonly shards: readonly (readonly string[])[];
  readonly phases: readonly Phase[];
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly samplesPerEpoch: number;
  /** lambda_k, for the total validation loss. */
  readonly taskWeights: Readonly<Record<string, number>>;
  /** Lengths of a gradient's tensors. */
  readonly gradientLengths: TensorLengths;
  /** Lengths of each task's `TASK/...` tensors. */
  readonly headLengths: Readonly<Record<string, TensorLengths>>;
  /** The same of what the method keeps per task; empty where it keeps nothing. */
  readonly methodLengths: Readonly<Record<string, TensorLengths>>;
  /** Whether norms of the tasks' gradients come with the sums of gradients. */
  readonly learnsNorms: boolean;
  /** Number of the trunk's parameter arrays. */
  readonly trunkArrays: number;
  /** What is said in a round, by kind of phase. */
  readonly exchanges: Readonly<Record<"shared" | "joint", Exchange>>;
  /** Longest stretch of a row, and how many make a row. */
  readonly rowsChunkLength: number;
  readonly rowsChunks: number;
  /** Rounds of one step: one per task where tasks move the trunk in turn, else 1. */
  readonly roundsPerStep: number;
  /** Stretches of the trunk that are the components of its routed layers; empty where it has none. */
  readonly components: readonly { readonly from: number; readonly to: number }[];
  /** In cycles. */
  readonly evaluateEvery: number;
  /** The split that the result is measured on. */
  readonly resultSplit: Split;
  readonly earlyStopping?: {
    readonly patience: number;
    readonly minDelta: number;
    readonly restoreBest: boolean;
  };
  readonly plateau: { readonly trunk?: PlateauSpec; readonly heads?: PlateauSpec };
  /** What the user should know from the start. */
  readonly warnings: readonly string[];
  /** Accept workers of unequal arithmetic; the result then promises no equal bits. */
  readonly allowMixed: boolean;
  readonly deadlines: Deadlines;
}

export interface Deadlines {
  readonly helloMs: number;
  readonly joinMs: number;
  /** A member that is silent this long is lost. */
  readonly silenceMs: number;
  /** Fewer members than training waits for within this time of the start. */
  readonly gatherMs: number;
  /** No gradient, no progress of a lease, no score within this time: the run cannot go on. */
  readonly stallMs: number;
}
