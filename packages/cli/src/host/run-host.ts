// A coordinator in this process: experiment, server, run folder, log and display put together. `train` adds
// workers to it, `coordinator` waits for them.

import { resolve } from "node:path";
import {
  Coordinator,
  listen,
  openRunLog,
  RunArchive,
  type SocketServer,
} from "@trunkline/coordinator";
import {
  byteKindOf,
  type CoordinatorMessage,
  decodeWorkerMessage,
  describeExperiment,
  EnvironmentError,
  type Overrides,
  type RunEvent,
  type RunResult,
  type TrunklineError,
  type WorkerMessage,
} from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { type ReadyExperiment, readyExperiment } from "../ready.ts";
import { wallClock } from "./clock.ts";
import { interruptedStatus, onInterrupt } from "./interrupt.ts";

export interface HostOptions {
  experiment: string;
  overrides: Overrides;
  /** Workers that training waits for. */
  workers: number;
  /** Run folder. */
  out?: string | undefined;
  host: string;
  /** 0 for a free one. */
  port: number;
  allowMixed: boolean;
  /** Consumers of the event stream. */
  consumers: readonly ((event: RunEvent) => void)[];
  /** Shows a line to the user. */
  say(line: string): void;
  /** Called once the server listens, before the run begins; returns what ends the workers that it started. */
  listening(host: {
    url: string;
    folder: string;
    /** Ends the run as failed. */
    abort(reason: TrunklineError): void;
  }): StartedWorkers;
}

interface StartedWorkers {
  end(): Promise<void>;
  kill(): void;
}

export interface Hosted {
  result: RunResult;
  folder: string;
}

/** Trains to the end, whatever that is. */
export async function hostRun(options: HostOptions): Promise<Hosted> {
  // The coordinator computes no gradient: it builds the network for its initial weights and its export.
  await chooseBackend("cpu");
  const ready = await readyExperiment(options.experiment, options.overrides, { checkValues: true });
  try {
    return await serve(options, ready, await makeFolder(options, ready));
  } finally {
    await ready.dispose();
  }
}

/** Where no folder was named and another run of this second has the default one, one beside it. */
async function makeFolder(
  { out, experiment }: HostOptions,
  { prepared, hash, sources }: ReadyExperiment,
): Promise<RunArchive> {
  const record = { ...describeExperiment(prepared), module: resolve(experiment), hash, sources };
  if (out !== undefined) return RunArchive.create(out, { prepared, record });
  const path = defaultFolder(prepared.name);
  for (let count = 1; ; count++) {
    try {
      return await RunArchive.create(count === 1 ? path : `${path}-${count}`, { prepared, record });
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof EnvironmentError && error.details.code === "EEXIST";
}

/** What a run needs while it goes on; a failure to get it together leaves nothing behind. */
async function serve(
  options: HostOptions,
  { prepared, hash }: ReadyExperiment,
  folder: RunArchive,
): Promise<Hosted> {
  const { workers, allowMixed } = options;
  const coordinator = new Coordinator({
    experiment: prepared,
    experimentHash: hash,
    run: folder.name,
    workers,
    allowMixed,
    clock: wallClock,
    archive: folder,
  });
  const log = openRunLog(folder.paths.log, folder.name);
  const closeLog = () => log.close().catch((error: Error) => options.say(error.message));
  coordinator.subscribe(log.show);
  for (const consumer of options.consumers) coordinator.subscribe(consumer);
  let server: SocketServer | undefined;
  let started: StartedWorkers;
  try {
    server = await listenFor(coordinator, options);
    const abort = (reason: TrunklineError) => coordinator.abort(reason);
    started = options.listening({ url: server.url, folder: folder.paths.root, abort });
  } catch (error) {
    await server?.close();
    await closeLog();
    await folder.discard();
    throw error;
  }
  coordinator.start();
  const undo = obeyInterrupt(options, coordinator, started);
  try {
    return { result: await coordinator.result, folder: folder.paths.root };
  } finally {
    undo();
    await started.end();
    await server.close();
    await closeLog();
  }
}

/** Connections that are no members yet, beyond the workers that may all be loading at once. */
const spareGuests = 64;

function listenFor(
  coordinator: Coordinator,
  { host, port, workers }: HostOptions,
): Promise<SocketServer> {
  return listen<CoordinatorMessage, WorkerMessage>({
    host,
    port,
    maxGuests: workers + spareGuests,
    decode: decodeWorkerMessage,
    kindOf: byteKindOf,
    onConnection: (connection) => coordinator.attach(connection),
  });
}

function obeyInterrupt(
  { say }: HostOptions,
  coordinator: Coordinator,
  started: StartedWorkers,
): () => void {
  return onInterrupt({
    stop() {
      say("Stopping at the last edge; Ctrl-C again ends at once.");
      coordinator.stop();
    },
    kill() {
      started.kill();
      process.exit(interruptedStatus);
    },
  });
}

function defaultFolder(name: string): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(":", "-");
  return resolve("runs", `${name}-${time}`);
}
