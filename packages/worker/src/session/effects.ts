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
    }
  /** Answer to `computeGradients`, one per shard. */
  | {
      type: "gradient";
      order: Order;
      shard: number;
      losses: Record<string, number>;
      tensors: NamedTensor[];
      peakBytes: number;
    }
  /** Answer to `trainHeads` and `collectHeads`. */
  | {
      type: "heads";
      order: Order;
      shard: number;
      updates: Record<string, number>;
      epochLosses: Record<string, number>[];
      scalars: Record<string, Record<string, number>>;
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
      tensors: NamedTensor[];
    }
  | { type: "setTrunk"; tensors: NamedTensor[] }
  | {
      type: "computeGradients";
      order: Order;
      kind: "shared" | "joint";
      at: StepPosition;
      shards: number[];
      learningRateScale: number;
    }
  /** Second half of a joint step, where the heads move at the new trunk; nothing where they moved before. */
  | { type: "headStep"; at: StepPosition; shards: number[]; learningRateScale: number }
  | { type: "collectHeads"; order: Order; phase: number; shards: number[] }
  | {
      type: "trainHeads";
      order: Order;
      phase: number;
      trunkVersion: number;
      shard: number;
      firstEpoch: number;
      epochs: number;
      learningRateScale: number;
    }
  | { type: "evaluate"; order: Order; request: number; split: Split; shards: number[] }
  /** Work of earlier jobs is worth nothing any more. */
  | { type: "cancel"; before: number }
  /** Close the connection; with an error where the worker did not leave in peace. */
  | { type: "leave"; error?: { code: string; message: string; remedy: string } };
