// The command line as a process of its own, as a user starts it. Whatever a test leaves running is killed
// when its file is done.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, vi } from "vitest";

export interface Exit {
  /** Null where a signal ended the process. */
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Cli {
  readonly pid: number;
  /** The match, once stderr has it; rejects when the process ends without. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** As a terminal sends Ctrl-C: to the process and all that it started. */
  signalGroup(signal: NodeJS.Signals): void;
  readonly exit: Promise<Exit>;
}

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** For one process; a busy machine takes ten times as long as an idle one. */
const deadlineMs = 110_000;
vi.setConfig({ testTimeout: deadlineMs + 10_000, hookTimeout: deadlineMs + 10_000 });

const running = new Set<ChildProcess>();

afterAll(() => {
  for (const child of running) killGroup(child, "SIGKILL");
});

export function startCli(...args: readonly string[]): Cli {
  const flags = ["--conditions=@trunkline/source", "--import", tsx];
  const child = spawn(process.execPath, [...flags, main, ...args], {
    cwd: root,
    // A group of its own, so that a test can signal all of it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  return {
    pid: child.pid!,
    signal: (signal) => void child.kill(signal),
    signalGroup: (signal) => killGroup(child, signal),
    seen: (pattern) => seen(child, output, pattern),
    exit: exitOf(child, output, args),
  };
}

/** Runs to the end. */
export function runCli(...args: readonly string[]): Promise<Exit> {
  return startCli(...args).exit;
}

/** The last line of stdout, which `--json` promises to be one JSON value. */
export function lastJson<T>({ stdout, stderr }: Exit): T {
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (line === "") throw new Error(`Nothing on stdout. On stderr:\n${stderr}`);
  return JSON.parse(line) as T;
}

function exitOf(
  child: ChildProcess,
  output: { stdout: string; stderr: string },
  args: readonly string[],
): Promise<Exit> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      killGroup(child, "SIGKILL");
      reject(new Error(`\`${args.join(" ")}\` did not end in time. On stderr:\n${output.stderr}`));
    }, deadlineMs);
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ status, signal, ...output });
    });
  });
}

function seen(
  child: ChildProcess,
  output: { stderr: string },
  pattern: RegExp,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const match = pattern.exec(output.stderr);
      if (match === null) return;
      child.stderr!.off("data", look);
      child.off("close", ended);
      resolve(match);
    };
    const ended = () => reject(new Error(`${pattern} never came. On stderr:\n${output.stderr}`));
    child.stderr!.on("data", look);
    child.once("close", ended);
    look();
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // It is gone already.
  }
}
