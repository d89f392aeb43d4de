// A coordinator in this process: experiment, server, run folder, log and display put together. `train` adds
// workers to it, `coordinator` waits for them.

import { resolve } from "node:path";
import { Coordinator, listen, openRunLog, RunArchive } from "@trunkline/coordinator";
import {
  byteKindOf,
  type CoordinatorMessage,
  decodeWorkerMessage,
  describeExperiment,
  type Overrides,
  type RunEvent,
  type RunResult,
  type TrunklineError,
  type WorkerMessage,
} from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { readyExperiment } from "../ready.ts";
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
  /** Called once the server listens; returns what ends the workers that it started. */
  listening(host: {
    url: string;
    folder: string;
    /** Ends the run as failed. */
    abort(reason: TrunklineError): void;
  }): { end(): Promise<void>; kill(): void };
}

/** Trains to the end, whatever that is. */
export async function hostRun(
  options: HostOptions,
): Promise<{ result: RunResult; folder: string }> {
  // The coordinator computes no gradient: it builds the network for its initial weights and its export.
  await chooseBackend("cpu");
  const { overrides, workers, allowMixed } = options;
  const ready = await readyExperiment(options.experiment, overrides, { checkValues: true });
  const module = resolve(options.experiment);
  const folder = await RunArchive.create(options.out ?? defaultFolder(ready.prepared.name), {
    prepared: ready.prepared,
    record: {
      ...describeExperiment(ready.prepared),
      module,
      hash: ready.hash,
      sources: ready.sources,
    },
  });
  const coordinator = new Coordinator({
    experiment: ready.prepared,
    experimentHash: ready.hash,
    run: folder.name,
    workers,
    allowMixed,
    clock: wallClock,
    archive: folder,
  });
  const log = openRunLog(folder.paths.log, folder.name);
  coordinator.subscribe(log.show);
  for (const consumer of options.consumers) coordinator.subscribe(consumer);
  const server = await listen<CoordinatorMessage, WorkerMessage>({
    host: options.host,
    port: options.port,
    decode: decodeWorkerMessage,
    kindOf: byteKindOf,
    onConnection: (connection) => coordinator.attach(connection),
  }).catch(async (error: unknown) => {
    await log.close();
    await folder.discard();
    throw error;
  });
  coordinator.start();
  const abort = (reason: TrunklineError) => coordinator.abort(reason);
  const started = options.listening({ url: server.url, folder: folder.paths.root, abort });
  const undo = onInterrupt({
    stop() {
      options.say("Stopping at the last edge; Ctrl-C again ends at once.");
      coordinator.stop();
    },
    kill() {
      started.kill();
      process.exit(interruptedStatus);
    },
  });
  try {
    const result = await coordinator.result;
    return { result, folder: folder.paths.root };
  } finally {
    undo();
    await started.end();
    await server.close();
    await log.close();
    await ready.dispose();
  }
}

function defaultFolder(name: string): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(":", "-");
  return resolve("runs", `${name}-${time}`);
}
