// Worker processes that `train` starts beside its coordinator: one log file each, ended with the run.

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError } from "@trunkline/core";

export interface WorkerProcessOptions {
  count: number;
  experiment: string;
  url: string;
  backend: string;
  /** Where each worker's output and record of work go. */
  folder: string;
  /** A worker ended badly; told once per worker. */
  failed(error: EnvironmentError): void;
}

/** Says in a worker's environment that it belongs to a parent: Ctrl-C is the parent's business. */
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
    mkdirSync(options.folder, { recursive: true });
    for (let index = 0; index < options.count; index++) this.#start(options, `worker-${index}`);
  }

  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
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
    const { experiment, url, backend, folder } = options;
    const log = join(folder, `${name}.log`);
    const events = join(folder, `${name}.events.jsonl`);
    const args = ["worker", experiment, "--connect", url, "--backend", backend];
    const main = process.argv[1]!;
    const child = spawn(
      process.execPath,
      [...process.execArgv, main, ...args, "--name", name, "--events", events],
      {
        // The channel tells the worker when this process is gone.
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        env: { ...process.env, [supervisedVariable]: "1" },
      },
    );
    const output = createWriteStream(log);
    // A full disk ends the run by the coordinator's own files; the log of a worker does not.
    output.on("error", () => {});
    child.stdout!.pipe(output, { end: false });
    child.stderr!.pipe(output, { end: false });
    this.#children.push(child);
    this.#exits.push(
      new Promise((resolve) => {
        child.once("close", (code, signal) => {
          output.end(() => {
            if (code !== 0 && !this.#ending) options.failed(ended(name, signal ?? code, log));
            resolve();
          });
        });
      }),
    );
  }
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
