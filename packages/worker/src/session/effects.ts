// What goes into a worker's machine and what comes out. Tensors pass through by reference and are never
// looked at here.

import type {
  CoordinatorMessage,
  NamedTensor,
  NumericFingerprint,
  Overrides,
  Place,
  Split,
  TaskScore,
  WorkerMessage,
} from "@trunkline/core";

/** One step of a shared or joint phase. */
export interface StepPosition {
  phase: number;
  /** Global epoch. */
  epoch: number;
  /** Within the epoch. */
  step: number;
  /** Of the step's rounds, where tasks move the trunk in turn. */
  turn: number;
}

type Numbers = Record<string, number>;

interface StepLosses {
  losses: Numbers;
  /** Of the step before, on its own batch; empty unless the method or a report asks. */
  lossesAfter: Numbers;
}

/** Names an order to the driver; its answers carry it back. */
export interface Order {
  /** Counts orders, so that answers to dropped ones are known. */
  job: number;
  /** Where in the run the answer belongs. */
  at: Place;
}

export type SessionEvent =
  | { type: "connected" }
  | { type: "message"; message: CoordinatorMessage; tensors: NamedTensor[] }
  | {
      type: "prepared";
      /** The experiment's hash. */
      experiment: string;
      fingerprint: NumericFingerprint;
      stepsPerEpoch: number;
      /** Rounds of one step: one per task where tasks move the trunk in turn. */
      roundsPerStep: number;
      /** Whether the method keeps state of its own in the shards. */
      keepsMethodState: boolean;
    }
  /** Answer to `beginStep` where the method decides after it, one per shard. */
  | ({ type: "figures"; order: Order; shard: number; norms: Numbers } & StepLosses)
  /** The same for rows, one per stretch. */
  | ({
      type: "rows";
      order: Order;
      shard: number;
      chunk: number;
      tensors: NamedTensor[];
      peakBytes: number;
    } & StepLosses)
  /** Answer to `beginStep`, or to the `finishStep` that follows it, one per shard. */
  | ({
      type: "gradient";
      order: Order;
      shard: number;
      norms: Numbers;
      dominance: Record<string, number[]>;
      present: number[] | null;
      tensors: NamedTensor[];
      peakBytes: number;
    } & StepLosses)
  /** Answer to `trainHeads` and `collect`. */
  | {
      type: "delivery";
      order: Order;
      shard: number;
      updates: Record<string, number>;
      epochLosses: Record<string, number>[];
      scalars: Record<string, Record<string, number>>;
      methodScalars: Record<string, Record<string, number>>;
      tensors: NamedTensor[];
      peakBytes: number;
    }
  /** Answer to `evaluate`, one per shard. */
  | {
      type: "evaluated";
      order: Order;
      request: number;
      shard: number;
      tasks: Record<string, TaskScore>;
    }
  /** An effect threw. */
  | { type: "failed"; code: string; message: string; remedy: string }
  | { type: "closed"; reason: string }
  /** The user asks this worker to leave. */
  | { type: "stop" };

/** Which rule a joint phase follows is the experiment's; the driver knows it. */
export type Effect =
  | { type: "send"; message: WorkerMessage; tensors: NamedTensor[] }
  /** Load experiment and data; answered by `prepared` or `failed`. */
  | { type: "prepare"; overrides: Overrides }
  | {
      type: "load";
      trunk: boolean;
      scalars: Readonly<Record<string, Readonly<Record<string, number>>>>;
      methodScalars: Readonly<Record<string, Readonly<Record<string, number>>>>;
      tensors: NamedTensor[];
    }
  | { type: "setTrunk"; tensors: NamedTensor[] }
  /** Forward passes of a step, and what of the rest the method leaves to the worker. */
  | {
      type: "beginStep";
      order: Order;
      kind: "shared" | "joint";
      at: StepPosition;
      /** Where this step of the same phase was preceded by another. */
      previous: StepPosition | null;
      shards: number[];
      learningRateScale: number;
      /** By task of the experiment, where they follow from earlier steps. */
      weights: number[] | null;
    }
  /** The weights of the step in hand are decided. */
  | { type: "finishStep"; job: number; weights: number[] }
  /** One more stretch of rows may be sent. */
  | { type: "sendRows"; job: number }
  /** Second half of a joint step, where the heads move at the new trunk; nothing where they moved before. */
  | { type: "headStep"; at: StepPosition; shards: number[]; learningRateScale: number }
  /** What the phase moved of the shards. */
  | { type: "collect"; order: Order; kind: "shared" | "joint"; phase: number; shards: number[] }
  | {
      type: "trainHeads";
      order: Order;
      phase: number;
      trunkVersion: number;
      shard: number;
      firstEpoch: number;
      epochs: number;
      learningRateScale: number;
      /** By task of the experiment, where the method's weights scale heads. */
      weights: number[] | null;
    }
  | { type: "evaluate"; order: Order; request: number; split: Split; shards: number[] }
  /** Work of earlier jobs is worth nothing any more. */
  | { type: "cancel"; before: number }
  /** Close the connection; with an error where the worker did not leave in peace. */
  | { type: "leave"; error?: { code: string; message: string; remedy: string } };
