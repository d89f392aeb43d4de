// What goes into the machine and what comes out. Events are told by the driver; effects are carried out
// by it in order. Neither holds an array.

import type {
  CoordinatorMessage,
  ErrorCode,
  Hashes,
  Losses,
  PhaseRecord,
  RunEventBody,
  RunStatus,
  Split,
  TaskScore,
  WorkerMessage,
} from "@trunkline/core";
import type { Handle, PeerId, TensorRef } from "./state.ts";

export type MachineEvent =
  /** The run begins; training waits for its workers. */
  | { type: "started" }
  | { type: "connected"; peer: PeerId }
  | { type: "message"; peer: PeerId; message: WorkerMessage; tensors: readonly TensorRef[] }
  /** Bytes that are no message of the protocol. */
  | { type: "malformed"; peer: PeerId; code: ErrorCode; message: string; remedy: string }
  | { type: "closed"; peer: PeerId; reason: string }
  /**
   * Each second. `pausedMs` is time in which the coordinator could hear nobody: it was suspended, or busy
   * in one piece. No deadline runs meanwhile.
   */
  | { type: "tick"; pausedMs?: number }
  /** Answer to `weigh`. */
  | { type: "weighed"; weights: readonly number[] }
  /** Answer to `commit`. */
  | { type: "committed"; trunkVersion: number }
  /** The new trunk or a delivered head is not finite, or a save failed; the run cannot go on. */
  | { type: "broken"; code: ErrorCode; message: string; remedy: string }
  /** Answer to `edge`. */
  | { type: "edgeSaved"; hashes: Hashes }
  /** The user asks for an early end. */
  | { type: "stop" };

/** Numbers by task that the method may see; of all tasks, or empty, but for losses where tasks take turns. */
export interface StepFigures {
  losses: Losses;
  /** Of the step before, on its own batch. */
  lossesAfter: Losses;
  norms: Losses;
  /** Decayed mean squares of the steps, by layer. */
  dominance: Readonly<Record<string, readonly number[]>>;
}

export type Effect =
  /**
   * `load` and `trunk` messages carry tensors, and messages that begin a step or a lease the method's
   * weights; the driver has them.
   */
  | {
      type: "send";
      peer: PeerId;
      message: CoordinatorMessage;
      /** Tasks whose heads, and whose method state, go with a `load`. */
      heads?: readonly string[];
      methods?: readonly string[];
    }
  | { type: "close"; peer: PeerId; reason: string }
  | { type: "emit"; event: RunEventBody }
  /**
   * Take one stretch of all tasks' gradients at a trunk version, in the experiment's order; answered by
   * nothing or `broken`. Frees the handles.
   */
  | { type: "takeRows"; trunkVersion: number; chunk: number; rows: readonly Handle[] }
  /** Decide the step's weights; answered by `weighed` or `broken`. */
  | {
      type: "weigh";
      phase: number;
      epoch: number;
      step: number;
      trunkVersion: number;
      figures: StepFigures;
    }
  /**
   * Reduce in shard order, update the trunk; answered by `committed` or `broken`. Frees the handles. No
   * gradients: those of the rows that were taken.
   */
  | {
      type: "commit";
      phase: number;
      epoch: number;
      step: number;
      trunkVersion: number;
      gradients: readonly { handle: Handle; present: readonly number[] | null }[];
      statistics: readonly Handle[];
      figures: StepFigures;
      learningRateScale: number;
    }
  /** Take a task's delivered tensors as the task's head. Frees the handles. */
  | {
      type: "storeHead";
      task: string;
      tensors: readonly TensorRef[];
      scalars: Readonly<Record<string, number>>;
    }
  /** The same for what the method keeps per task. */
  | {
      type: "storeMethod";
      task: string;
      tensors: readonly TensorRef[];
      scalars: Readonly<Record<string, number>>;
    }
  | { type: "free"; handles: readonly Handle[] }
  /** Hash everything and keep it as the last edge; answered by `edgeSaved` or `broken`. */
  | { type: "edge"; phase: number; epoch: number }
  /** The phase's byte account closes here. */
  | { type: "closePhase"; phase: number; record: Omit<PhaseRecord, "bytes"> }
  /** Keep the last edge as the best one. */
  | { type: "keepBest" }
  /** Make the last edge, or the best one, the present state. */
  | { type: "restore"; what: "last" | "best" }
  /** The run is over: write its results, close everything. */
  | {
      type: "finish";
      status: RunStatus;
      epochs: number;
      split: Split;
      tasks: Readonly<Record<string, TaskScore>>;
      updates: { trunk: number; heads: Readonly<Record<string, number>> };
      mixed: boolean;
      backend: string;
      seconds: number;
    };
