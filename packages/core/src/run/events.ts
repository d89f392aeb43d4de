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

/** Numbers by task are of the tasks' losses without their own weights. */
export interface BalanceReport {
  epoch: number;
  step: number;
  /** What the method multiplied the tasks' gradients by; absent where it gives no weights. */
  weights?: Losses;
  /** Norms of the tasks' gradients; absent where nobody saw them, as are the following. */
  norms?: Losses;
  /** `[M, M]`, in the experiment's order of tasks; 0 where a gradient is zero. */
  cosines?: readonly (readonly number[])[];
  /** Share of the pairs of tasks whose gradients oppose each other. */
  conflicting?: number;
  /** Smallest squared norm over all mixtures of the gradients, over that of the largest gradient; 0 at a Pareto-stationary point. */
  stationarity?: number;
  /** First-order change of each loss by the trunk's step: its gradient's product with the step. */
  predicted?: Losses;
  /** Change of each loss on the step's own batch, measured after the step; absent after a phase's last step. */
  actual?: Losses;
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
  /** What a step's method saw and decided; each `conflictEvery` steps. */
  | ({ type: "balance"; phase: number } & BalanceReport)
  /** How large the tasks' steps are beside each other, by the trunk's parameter arrays (method `mao` and its kin). */
  | {
      type: "dominance";
      phase: number;
      epoch: number;
      step: number;
      /** Names of the trunk's parameter arrays. */
      layers: readonly string[];
      /** By task and layer: share of the decayed mean square of the tasks' steps; sums to 1 over the tasks. */
      shares: Readonly<Record<string, readonly number[]>>;
    }
  /** At an edge: what of a routed trunk each task uses. */
  | {
      type: "allocation";
      phase: number;
      /** Epochs trained. */
      epoch: number;
      tasks: Readonly<
        Record<
          string,
          {
            /** By routed layer and component: how likely a training pass uses it. */
            probabilities: readonly (readonly number[])[];
            /** The same: whether evaluation does. */
            active: readonly (readonly boolean[])[];
            /** Of the probabilities, in nats. */
            entropy: number;
          }
        >
      >;
      /** Cosines of the tasks' probabilities, `[M, M]`. */
      cosines: readonly (readonly number[])[];
    }
  /** The method could not do what it is for, and does something else from this step on, for one or more. */
  | {
      type: "methodFallback";
      phase: number;
      epoch: number;
      step: number;
      kind: "zeroGradient" | "noSolution";
      tasks: readonly string[];
      message: string;
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
