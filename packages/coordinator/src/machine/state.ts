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
  /** Trunk version and head versions that the worker holds. */
  trunkVersion: number;
  headVersions: Record<string, number>;
}

/** Versions name exact weights; -1 where a worker holds none. */
export interface Versions {
  trunk: number;
  heads: Record<string, number>;
}

export interface Arrival {
  member: MemberId;
  losses: Losses;
  gradient: Handle;
  statistics: Handle | null;
}

export type Stage =
  | { name: "gathering" }
  /** Shared or joint: gradients of one round are coming in, by shard. */
  | { name: "round"; step: number; arrivals: (Arrival | null)[] }
  /** Heads are coming in, by shard: of a head phase's leases, or at the end of a joint phase. */
  | { name: "heads"; delivered: boolean[] }
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
