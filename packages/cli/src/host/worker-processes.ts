// Worker processes that `train` starts beside its coordinator: one log file each, ended with the run.

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "@trunkline/core";
import { fileError } from "../file-error.ts";

export interface WorkerProcessOptions {
  count: number;
  experiment: string;
  url: string;
  backend: string;
  /** Where each worker's output and record of work go. */
  folder: string;
  /** A worker ended badly, or never started; told once per worker, never within the constructor. */
  failed(error: EnvironmentError): void;
}

/** Says in a worker's environment that it belongs to a parent: signals are the parent's business. */
export const supervisedVariable = "TRUNKLINE_SUPERVISED";

/** Time for workers to leave after the run, before they are killed. */
const leaveMs = 5_000;
/** Lines of a worker's output that its error quotes. */
const quotedLines = 20;

export class WorkerProcesses {
  readonly #children: ChildProcess[] = [];
  readonly #exits: Promise<void>[] = [];
  #ending = false;

  constructor(options: WorkerProcessOptions) {
    makeFolder(options.folder);
    for (let index = 0; index < options.count; index++) this.#start(options, `worker-${index}`);
  }

  /** Waits for all of them; kills those that do not leave by themselves. */
  async end(): Promise<void> {
    this.#ending = true;
    const timer = setTimeout(() => this.kill(), leaveMs);
    await Promise.all(this.#exits);
    clearTimeout(timer);
  }

  kill(): void {
    this.#ending = true;
    for (const child of this.#children) child.kill("SIGKILL");
  }

  #start(options: WorkerProcessOptions, name: string): void {
    const fail = (error: EnvironmentError) => {
      if (!this.#ending) options.failed(error);
    };
    let child: ChildProcess;
    try {
      child = spawnWorker(options, name);
    } catch (cause) {
      queueMicrotask(() => fail(notStarted(name, cause)));
      return;
    }
    const log = join(options.folder, `${name}.log`);
    const output = createWriteStream(log);
    // A full disk ends the run by the coordinator's own files; the log of a worker does not.
    output.on("error", () => {});
    // Without a process there may be no pipes either.
    child.stdout?.pipe(output, { end: false });
    child.stderr?.pipe(output, { end: false });
    this.#children.push(child);
    this.#exits.push(
      new Promise((resolve) => {
        child.on("error", (cause) => {
          // Of a process that runs: a signal that did not arrive, say. Its end is told by `close`.
          if (child.pid !== undefined) return;
          fail(notStarted(name, cause));
          output.end(() => resolve());
        });
        child.once("close", (code, signal) => {
          if (child.pid === undefined) return;
          output.end(() => {
            if (code !== 0) fail(ended(name, signal ?? code, log));
            resolve();
          });
        });
      }),
    );
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fileError(path, cause, "Choose another folder with `--out`.");
  }
}

function spawnWorker(options: WorkerProcessOptions, name: string): ChildProcess {
  const { experiment, url, backend, folder } = options;
  const events = join(folder, `${name}.events.jsonl`);
  const args = ["worker", experiment, "--connect", url, "--backend", backend];
  const main = process.argv[1]!;
  return spawn(
    process.execPath,
    [...process.execArgv, main, ...args, "--name", name, "--events", events],
    {
      // The channel tells the worker when this process is gone.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, [supervisedVariable]: "1" },
    },
  );
}

function notStarted(name: string, cause: unknown): EnvironmentError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EnvironmentError(
    "run/worker-lost",
    `The process of ${name} did not start: ${reason}.`,
    {
      remedy: "Start fewer workers with `--workers`, or let this user have more processes.",
      details: { name },
      cause,
    },
  );
}

function ended(name: string, how: string | number | null, log: string): EnvironmentError {
  const lines = outputIn(log).trimEnd().split("\n").slice(-quotedLines);
  return new EnvironmentError(
    "run/worker-lost",
    `The process of ${name} ended with ${how}. Its last lines:\n${lines.join("\n")}`,
    { remedy: `Its whole output is in ${log}.`, details: { name, how, log } },
  );
}

function outputIn(log: string): string {
  try {
    return readFileSync(log, "utf8");
  } catch (cause) {
    return `(none: ${cause})`;
  }
}
