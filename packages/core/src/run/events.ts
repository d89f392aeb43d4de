// The event stream of a run, the one truth about it. The events file, the log, the progress display and
// whatever else shows a run are consumers; nothing tells them anything beside it.

import type { PhaseKind } from "../schedule/schedule.ts";
import type { ByteKind } from "../wire/connection.ts";

export type Losses = Readonly<Record<string, number>>;

/** SHA-256 over little-endian float32, hexadecimal. */
export interface Hashes {
  trunk: string;
  heads: Readonly<Record<string, string>>;
  optimizer: string;
}

export interface TaskScore {
  loss: number;
  metrics: Readonly<Record<string, number>>;
}

/** Payload bytes at the coordinator. */
export interface BytesByKind {
  sent: number;
  received: number;
  byKind: Readonly<Record<ByteKind, number>>;
}

export interface PhaseRecord {
  kind: PhaseKind;
  firstEpoch: number;
  epochs: number;
  seconds: number;
  /** Largest number of tensor bytes that one step held at once, over the workers; feature cache included. */
  peakBytes: number;
  bytes: BytesByKind;
  /** Seconds that the coordinator waited for workers, by what it waited for. */
  waits: Readonly<Record<string, number>>;
}

export type Split = "train" | "validation" | "test";
export type RunStatus = "finished" | "stopped" | "failed";

export type RunEventBody =
  | {
      type: "runStarted";
      run: string;
      experiment: string;
      seed: number;
      epochs: number;
      stepsPerEpoch: number;
      /** Samples of one epoch, the largest task's. */
      samplesPerEpoch: number;
      /** Tasks of each shard. */
      shards: readonly (readonly string[])[];
      phases: readonly { kind: PhaseKind; firstEpoch: number; epochs: number }[];
      /** Workers that the run waits for. */
      workers: number;
    }
  | { type: "workerJoined"; member: string; name: string; backend: string }
  | { type: "workerRefused"; name: string; code: string; message: string }
  | { type: "workerLeft"; member: string; name: string; reason: string }
  /** Something that the user should know and that stops nothing. */
  | { type: "warning"; message: string }
  | {
      type: "phaseStarted";
      phase: number;
      kind: PhaseKind;
      firstEpoch: number;
      epochs: number;
      trunkVersion: number;
      /** Member that holds each shard. */
      holders: readonly string[];
    }
  /** A round was committed. */
  | {
      type: "step";
      phase: number;
      epoch: number;
      /** Within the epoch, from 0. */
      step: number;
      /** The version that the round made. */
      trunkVersion: number;
      losses: Losses;
      /** Member whose gradient was used, by shard. */
      members: readonly string[];
    }
  /** Progress inside a lease, as heartbeats bring it. */
  | {
      type: "headProgress";
      phase: number;
      shard: number;
      epoch: number;
      step: number;
      losses: Losses;
    }
  /** A shard's heads came back from a lease or a joint phase. */
  | {
      type: "headsDelivered";
      phase: number;
      shard: number;
      member: string;
      updates: Readonly<Record<string, number>>;
      epochLosses: readonly Losses[];
    }
  | ({ type: "phaseEnded"; phase: number } & PhaseRecord)
  /** Between two phases: everything consistent, and what it hashes to. */
  | { type: "edge"; phase: number; epoch: number; trunkVersion: number; hashes: Hashes }
  | {
      type: "evaluated";
      split: Split;
      /** Epochs trained so far. */
      epoch: number;
      tasks: Readonly<Record<string, TaskScore>>;
      /** Weighted sum of the task losses. */
      loss: number;
      /** Whether it is the lowest validation loss so far. */
      best: boolean;
    }
  | { type: "learningRateReduced"; block: "trunk" | "heads"; epoch: number; scale: number }
  | { type: "earlyStopped"; epoch: number; bestEpoch: number }
  | { type: "runFailed"; code: string; message: string; remedy: string }
  | { type: "runEnded"; status: RunStatus; seconds: number };

/** One event, as `events.jsonl` holds it. */
export type RunEvent = RunEventBody & {
  /** Counts the run's events from 0. */
  sequence: number;
  /** Milliseconds since the Unix epoch, by the coordinator's clock. */
  timeMs: number;
};

export type RunEventOf<T extends RunEventBody["type"]> = Extract<RunEvent, { type: T }>;
