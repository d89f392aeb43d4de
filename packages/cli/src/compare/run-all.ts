// Runs a comparison's plan, one run after the other, each as `train` would; what fails is noted and the rest
// goes on. Ctrl-C ends it after the present run was stopped.

import { join } from "node:path";
import { type RunEvent, type RunResult, TrunklineError } from "@trunkline/core";
import type { BackendName } from "@trunkline/worker";
import { interruptedStatus, onInterrupt } from "../host/interrupt.ts";
import { localRun } from "../host/local-run.ts";
import { printError, printThrown } from "../print-error.ts";
import { clearRun, finishedIn, isCached, noteRun } from "./cache.ts";
import { conflictRate } from "./conflicts.ts";
import type { PlannedRun } from "./plan.ts";
import { runLine } from "./run-line.ts";

export interface RunAllOptions {
  experiment: string;
  backend: BackendName | "auto";
  /** The comparison's folder. */
  out: string;
  say(line: string): void;
}

export interface Failure {
  code: string;
  message: string;
}

/** What became of a planned run: its figures, or why there are none. */
export type Outcome = { run: PlannedRun; cached: boolean } & (
  | { result: RunResult; conflicts: number | undefined }
  | { failure: Failure }
);

/** Undefined where it was interrupted; what was finished by then is found again by the next comparison. */
export async function runAll(
  plan: readonly PlannedRun[],
  options: RunAllOptions,
): Promise<Outcome[] | undefined> {
  const cached = new Set<PlannedRun>();
  for (const run of plan) {
    if (await isCached(join(options.out, run.folder), run, options)) cached.add(run);
  }
  const watch = new InterruptWatch();
  try {
    return await inTurn(plan, cached, { ...options, watch });
  } finally {
    watch.end();
  }
}

async function inTurn(
  plan: readonly PlannedRun[],
  cached: ReadonlySet<PlannedRun>,
  options: RunAllOptions & { watch: InterruptWatch },
): Promise<Outcome[] | undefined> {
  const fresh = { total: plan.length - cached.size, done: 0, seconds: 0 };
  const outcomes: Outcome[] = [];
  for (const [index, run] of plan.entries()) {
    const folder = join(options.out, run.folder);
    const known = cached.has(run);
    options.say(runLine({ run, number: index + 1, runs: plan.length, cached: known, fresh }));
    const startedMs = performance.now();
    const failure = known ? undefined : await trainFresh(run, folder, options);
    if (options.watch.asked) return undefined;
    if (!known) {
      fresh.done++;
      fresh.seconds += (performance.now() - startedMs) / 1000;
    }
    outcomes.push(await outcomeOf({ run, cached: known }, folder, failure));
  }
  return outcomes;
}

async function outcomeOf(
  about: { run: PlannedRun; cached: boolean },
  folder: string,
  failure: Failure | undefined,
): Promise<Outcome> {
  if (failure !== undefined) return { ...about, failure };
  return { ...about, result: (await finishedIn(folder))!, conflicts: await conflictRate(folder) };
}

/** Why the run failed, or undefined. */
async function trainFresh(
  run: PlannedRun,
  folder: string,
  options: RunAllOptions & { watch: InterruptWatch },
): Promise<Failure | undefined> {
  const { experiment, backend, watch, say } = options;
  let failed: (RunEvent & { type: "runFailed" }) | undefined;
  try {
    await clearRun(folder);
    const { result } = await localRun({
      experiment,
      backend,
      overrides: run.overrides,
      workers: run.workers,
      out: folder,
      port: 0,
      consumers: [
        (event) => {
          if (event.type === "runFailed") failed = event;
        },
      ],
      say,
      listening: () => watch.handOver(),
    });
    if (result.status === "finished") await noteRun(folder, run, options);
  } catch (error) {
    if (watch.asked) return undefined;
    printThrown(error);
    return failureOf(error);
  } finally {
    watch.takeBack();
  }
  if (failed !== undefined) printError(failed);
  return failed;
}

function failureOf(error: unknown): Failure {
  if (error instanceof TrunklineError) return { code: error.code, message: error.message };
  return { code: "fault", message: String(error) };
}

/** Hears Ctrl-C for the whole comparison; while a run is under way, that stops itself. */
class InterruptWatch {
  #asked = false;
  #handedOver = false;
  readonly #undo: () => void;

  constructor() {
    this.#undo = onInterrupt({
      stop: () => {
        this.#asked = true;
      },
      kill: () => {
        // A run has workers to kill first, and then ends the process by itself.
        if (!this.#handedOver) process.exit(interruptedStatus);
      },
    });
  }

  get asked(): boolean {
    return this.#asked;
  }

  /** Before a run listens to signals by itself; throws where it should not begin. */
  handOver(): void {
    if (this.#asked) throw new Error("interrupted before the run began");
    this.#handedOver = true;
  }

  takeBack(): void {
    this.#handedOver = false;
  }

  end(): void {
    this.#undo();
  }
}
