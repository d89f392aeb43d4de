// A whole cluster in this process: real coordinator and workers over the in-memory transport.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Archive,
  type Clock,
  Coordinator,
  type Deadlines,
  type Snapshot,
  type WorkerPeer,
} from "@trunkline/coordinator";
import {
  byteKindOf,
  bytesOf,
  type Connection,
  type CoordinatorMessage,
  type DataContext,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  type Experiment,
  identityBytes,
  memoryPair,
  type NumericFingerprint,
  type Overrides,
  prepareExperiment,
  type RunEvent,
  type RunResult,
  resolveExperiment,
  type WorkerMessage,
} from "@trunkline/core";
import { tensorWatch, Worker, type WorkRecord } from "@trunkline/worker";

/** Data files of an experiment, paths relative to its folder. */
export function filesOf(folder: string): DataContext["open"] {
  return (path) => bytesOf(path, readFileSync(resolve(folder, path)));
}

export const open = (path: string): never => {
  throw new Error(`tests open no file: ${path}`);
};

export async function prepared(
  experiment: Experiment,
  set: Overrides["set"] = {},
  opener: DataContext["open"] = open,
) {
  const ready = await prepareExperiment(resolveExperiment(experiment, { set }), { open: opener });
  const hash = createHash("sha256");
  for (const part of await identityBytes(ready)) hash.update(part);
  return { ready, hash: hash.digest("hex") };
}

export const fingerprint: NumericFingerprint = {
  backend: "cpu",
  backendVersion: "test",
  nodeMajor: 20,
  threads: 1,
  probe: "test",
};

export interface ClusterOptions {
  workers?: number;
  set?: Overrides["set"];
  /** Opens data files; {@link filesOf} does. @default refuses */
  open?: DataContext["open"];
  archive?: Archive;
  deadlines?: Partial<Deadlines>;
  /** @default the machine's own time */
  clock?: Clock;
  /** @default false */
  allowMixed?: boolean;
  /** By worker. @default equal ones */
  fingerprints?: readonly NumericFingerprint[];
  /** Sees the run while it goes on. */
  watch?: (event: RunEvent, coordinator: Coordinator) => void;
}

export interface ClusterRun {
  result: RunResult;
  events: RunEvent[];
  /** By worker. */
  work: WorkRecord[][];
  last: Snapshot | undefined;
  /** The coordinator's ends, by worker. */
  connections: WorkerPeer[];
}

/** Trains to the end. */
export async function trainCluster(
  experiment: Experiment,
  options: ClusterOptions = {},
): Promise<ClusterRun> {
  const { workers = 1, set = {}, open: opener = open, archive, deadlines, watch } = options;
  const { clock = wallClock, allowMixed = false, fingerprints = [] } = options;
  const { ready, hash } = await prepared(experiment, set, opener);
  const snapshots: { last?: Snapshot } = {};
  const keeping: Archive = {
    event: (event) => archive?.event(event),
    saveCheckpoint: async (name, snapshot) => archive?.saveCheckpoint(name, snapshot),
    async saveResult(result, snapshot) {
      snapshots.last = snapshot;
      await archive?.saveResult(result, snapshot);
    },
    close: async () => archive?.close(),
  };
  const coordinator = new Coordinator({
    experiment: ready,
    experimentHash: hash,
    run: "test",
    workers,
    allowMixed,
    clock,
    archive: keeping,
    // Workers of this process share its thread, and beat while nothing else runs: not at all.
    deadlines: { silenceMs: 600_000, ...deadlines },
  });
  const events: RunEvent[] = [];
  coordinator.subscribe((event) => {
    events.push(event);
    watch?.(event, coordinator);
  });
  coordinator.start();
  const work = Array.from({ length: workers }, (): WorkRecord[] => []);
  const connections: WorkerPeer[] = [];
  const members = work.map((records, index) =>
    joinWorker(coordinator, experiment, {
      name: `worker-${index}`,
      records,
      alone: workers === 1,
      open: opener,
      connected: (connection) => connections.push(connection),
      fingerprint: fingerprints[index] ?? fingerprint,
    }),
  );
  const result = await coordinator.result;
  await Promise.allSettled(members.map((member) => member.left));
  ready.network.dispose();
  return { result, events, work, last: snapshots.last, connections };
}

export const wallClock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  every(periodMs: number, tick: () => void) {
    const timer = setInterval(tick, periodMs);
    return () => clearInterval(timer);
  },
};

export interface JoinOptions {
  name: string;
  records: WorkRecord[];
  /** Whether no other worker's tensors are in this process. */
  alone: boolean;
  /** @default refuses */
  open?: DataContext["open"];
  /** Given both ends of the connection. @default nobody */
  connected?: (
    atCoordinator: WorkerPeer,
    atWorker: Connection<WorkerMessage, CoordinatorMessage>,
  ) => void;
  /** @default that of every other worker */
  fingerprint?: NumericFingerprint;
}

export function joinWorker(
  coordinator: Coordinator,
  experiment: Experiment,
  options: JoinOptions,
): Worker {
  const { name, records, alone, open: opener = open, connected } = options;
  const pair = memoryPair<WorkerMessage, CoordinatorMessage>({
    decodeAtCoordinator: decodeWorkerMessage,
    decodeAtWorker: decodeCoordinatorMessage,
    kindOf: byteKindOf,
  });
  connected?.(pair.coordinator, pair.worker);
  coordinator.attach(pair.coordinator);
  return new Worker({
    name,
    connection: pair.worker,
    prepare: async ({ set }) => {
      const { ready, hash } = await prepared(experiment, set, opener);
      return { prepared: ready, hash, fingerprint: options.fingerprint ?? fingerprint };
    },
    work: (record) => records.push({ ...record }),
    ...(alone && { watchTensors: tensorWatch }),
  });
}
