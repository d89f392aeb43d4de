// `trunkline worker`: takes part in a run until it is over.

import { hostname } from "node:os";
import {
  type CoordinatorMessage,
  decodeCoordinatorMessage,
  type WorkerMessage,
} from "@trunkline/core";
import {
  type BackendName,
  chooseBackend,
  connect,
  numericFingerprint,
  tensorWatch,
  Worker,
  type WorkRecord,
} from "@trunkline/worker";
import { interruptedStatus, onInterrupt } from "../host/interrupt.ts";
import { appendWork } from "../host/work-file.ts";
import { supervisedVariable } from "../host/worker-processes.ts";
import { type ReadyExperiment, readyExperiment } from "../ready.ts";

export interface WorkerCommandOptions {
  connect: string;
  backend: BackendName | "auto";
  name?: string;
  /** File for the record of the work done. */
  events?: string;
}

export async function workerCommand(
  experiment: string,
  options: WorkerCommandOptions,
): Promise<void> {
  const release = obeyParent();
  try {
    await takePart(experiment, options);
  } finally {
    release();
  }
}

async function takePart(experiment: string, options: WorkerCommandOptions): Promise<void> {
  const backend = await chooseBackend(options.backend);
  say(`backend ${backend.name} ${backend.version}: ${backend.reason}`);
  const fingerprint = await numericFingerprint(backend);
  const connection = await connect<WorkerMessage, CoordinatorMessage>({
    url: options.connect,
    decode: decodeCoordinatorMessage,
  });
  say(`connected to ${options.connect}`);
  const { events } = options;
  let ready: ReadyExperiment | undefined;
  const worker = new Worker({
    name: options.name ?? `${hostname().slice(0, 100)}-${process.pid}`,
    connection,
    async prepare(overrides) {
      ready = await readyExperiment(experiment, overrides, { checkValues: false });
      say(`loaded ${ready.prepared.name}`);
      return { ...ready, fingerprint };
    },
    progress: (progress) => connection.progress({ progress }),
    watchTensors: tensorWatch,
    ...(events !== undefined && { work: (record: WorkRecord) => appendWork(events, record) }),
  });
  connection.startHeartbeats({ type: "heartbeat", progress: null });
  const undo = isSupervised() ? () => {} : leaveOnInterrupt(worker);
  try {
    await worker.left;
    say("the run is over");
  } finally {
    undo();
    await ready?.closeFiles();
  }
}

function isSupervised(): boolean {
  return process.env[supervisedVariable] !== undefined;
}

function leaveOnInterrupt(worker: Worker): () => void {
  return onInterrupt({
    stop: () => worker.stop(),
    kill: () => process.exit(interruptedStatus),
  });
}

/**
 * A worker of `train` leaves signals to its parent, which get to all of a group at once, and goes when the
 * parent is gone.
 */
function obeyParent(): () => void {
  if (!isSupervised()) return () => {};
  const ignore = () => {};
  const orphaned = () => process.exit(1);
  process.on("SIGINT", ignore);
  process.on("SIGTERM", ignore);
  process.on("disconnect", orphaned);
  return () => {
    process.off("SIGINT", ignore);
    process.off("SIGTERM", ignore);
    process.off("disconnect", orphaned);
    // The channel would keep the process alive.
    process.disconnect?.();
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
