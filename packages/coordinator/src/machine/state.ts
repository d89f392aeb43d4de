// The coordinator's state: plain values. Large arrays live in the driver's store and are named here by
// handles and versions; clocks, sockets and disks are the driver's.

import type {
  EarlyStoppingState,
  Losses,
  NumericFingerprint,
  PlateauState,
  Progress,
  RunStatus,
  Split,
  TaskScore,
} from "@trunkline/core";

/** A connection, named by the driver. */
export type PeerId = string;
export type MemberId = string;
/** Names an array in the driver's store. */
export type Handle = number;

export interface TensorRef {
  name: string;
  handle: Handle;
  length: number;
}

/** A connection that is no member yet; it has until the deadline to become one. */
export interface Guest {
  stage: "connected" | "invited";
  name: string;
  deadlineMs: number;
}

export interface Member {
  id: MemberId;
  epoch: number;
  name: string;
  backend: string;
  lastHeardMs: number;
  /** Versions that the worker holds. */
  trunkVersion: number;
  headVersions: Record<string, number>;
  methodVersions: Record<string, number>;
}

/** Versions name exact weights; -1 where a worker holds none. */
export interface Versions {
  trunk: number;
  heads: Record<string, number>;
  /** Of what the method keeps per task, beside the task's head. */
  methods: Record<string, number>;
}

/** Numbers by task that come before or with a gradient. */
export interface Figures {
  losses: Losses;
  lossesAfter: Losses;
  norms: Losses;
}

/** The last thing that a shard sends in a round. */
export interface Arrival extends Figures {
  member: MemberId;
  dominance: Readonly<Record<string, readonly number[]>>;
  /** Null where the driver has the shard's rows instead. */
  gradient: Handle | null;
  /** Components of the routed trunk that the gradient has, as words of bits. */
  present: number[] | null;
  statistics: Handle | null;
}

/** Shared or joint: one round. All arrays are by shard. */
export interface RoundStage {
  name: "round";
  /** Rounds before this one in the phase. */
  round: number;
  figures: (Figures | null)[];
  rows: {
    /** Stretches that have come. */
    received: number[];
    /** Stretches that some shards have still to send, by index: handles by shard. */
    waiting: Record<number, Handle[][]>;
  };
  /** Whether the step's weights are decided. */
  weighed: boolean;
  arrivals: (Arrival | null)[];
}

export type Stage =
  | { name: "gathering" }
  | RoundStage
  /** What the phase moved of the shards is coming in. */
  | { name: "delivery"; delivered: boolean[] }
  /** The driver hashes and saves what the phase left. */
  | { name: "edge" }
  | {
      name: "evaluating";
      request: number;
      split: Split;
      awaited: boolean[];
      scores: Record<string, TaskScore>;
      /** Whether the run ends with it. */
      final: boolean;
    }
  | { name: "ended" };

/** Measures of the phase in hand. */
export interface PhaseMeter {
  startedMs: number;
  /** When the phase's edge was saved; evaluation is not part of its time. */
  endedMs: number;
  peakBytes: number;

  /** What the coordinator waits for, and since when. */
  waiting: string | null;
  waitingSinceMs: number;
  waits: Record<string, number>;
}

/** Validation losses and what follows from them. */
export interface Monitor {
  earlyStopping: EarlyStoppingState;
  plateau: { trunk: PlateauState; heads: PlateauState };
  /** Where the lowest validation loss was. */
  best: { epoch: number; versions: Versions } | null;
}

export interface RunState {
  guests: Record<PeerId, Guest>;
  members: Record<PeerId, Member>;
  memberCount: number;
  /** Peer that holds each shard; empty before training. */
  holders: PeerId[];
  stage: Stage;
  /** Index of the phase in hand, or of the last one. */
  phase: number;
  versions: Versions;
  /** Versions at the last edge, to which a stop goes back. */
  edgeVersions: Versions;
  meter: PhaseMeter;
  monitor: Monitor;
  fingerprint: NumericFingerprint | null;
  mixed: boolean;
  startedMs: number;
  /** Epochs trained, as of the last edge. */
  epochsDone: number;
  updates: { trunk: number; heads: Record<string, number> };
  /** The same, as of the last edge. */
  edgeUpdates: { trunk: number; heads: Record<string, number> };
  lastProgressMs: number;
  progress: Record<number, Progress>;
  requests: number;
  /** Set when the run is to end before its last epoch. */
  ending: { status: RunStatus } | null;
}
