// Run folders of a comparison that need no second run: beside each finished run lies a note of what it was
// made from, and it must be the same to the last field.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openRunFolder } from "@trunkline/coordinator";
import type { Overrides, RunResult } from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { fileError } from "../file-error.ts";
import { readyExperiment } from "../ready.ts";
import { readRecord } from "../trained/run-record.ts";
import type { PlannedRun } from "./plan.ts";

/** What a result follows from, and its seconds and bytes with it. */
interface MadeFrom {
  /** Over the module's sources, the resolved settings and the data. */
  experiment: string;
  overrides: Overrides;
  workers: number;
  /** As it was asked for. */
  backend: string;
}

export interface Launch {
  /** Path of the experiment's module. */
  experiment: string;
  backend: string;
}

const elsewhere = "Choose another folder with `--out`.";

const noteName = "compared.json";

/** Whether `folder` holds the run's result already. Loads the experiment where there is one to compare. */
export async function isCached(folder: string, run: PlannedRun, launch: Launch): Promise<boolean> {
  const note = await readNote(folder);
  if (note === undefined || (await finishedIn(folder)) === undefined) return false;
  const { experiment, ...rest } = note;
  if (!isDeepStrictEqual(rest, termsOf(run, launch))) return false;
  return experiment === (await hashOf(run, launch));
}

/** Notes what the finished run in `folder` was made from. */
export async function noteRun(folder: string, run: PlannedRun, launch: Launch): Promise<void> {
  const { hash } = await readRecord(await openRunFolder(folder));
  const note: MadeFrom = { experiment: hash, ...termsOf(run, launch) };
  const path = join(folder, noteName);
  await writeFile(path, `${JSON.stringify(note)}\n`).catch((cause: unknown) => {
    throw fileError(path, cause, elsewhere);
  });
}

/** Takes away what an earlier run left in `folder`; anything else there stays, and is told by the run. */
export async function clearRun(folder: string): Promise<void> {
  const found = await openRunFolder(folder).catch(() => undefined);
  if (found === undefined) return;
  await rm(found.root, { recursive: true, force: true }).catch((cause: unknown) => {
    throw fileError(found.root, cause, elsewhere);
  });
}

/** The result in a run's folder, where the run came to its end. */
export async function finishedIn(folder: string): Promise<RunResult | undefined> {
  const found = await openRunFolder(folder).catch(() => undefined);
  const result = found && (await readJson<RunResult>(found.result));
  return result?.status === "finished" ? result : undefined;
}

function readNote(folder: string): Promise<MadeFrom | undefined> {
  return readJson<MadeFrom>(join(folder, noteName));
}

function termsOf({ overrides, workers }: PlannedRun, { backend }: Launch) {
  return { overrides, workers, backend };
}

async function hashOf({ overrides }: PlannedRun, { experiment }: Launch): Promise<string> {
  await chooseBackend("cpu");
  const ready = await readyExperiment(experiment, overrides, { checkValues: false });
  await ready.dispose();
  return ready.hash;
}

/** Undefined where there is no such file, or half of one. */
async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
