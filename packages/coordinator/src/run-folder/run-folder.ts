// Where the files of a run lie. Who writes them, and when, is up to the run.

import { mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EnvironmentError } from "@trunkline/core";
import { fileError } from "./file-error.ts";

export interface RunFolder {
  root: string;
  /** Everything that the run was resolved to. */
  experiment: string;
  /** One event a line. */
  events: string;
  checkpoints: string;
  /** Each worker's output and record of work, where `train` started them. */
  workers: string;
  result: string;
  /** Folder of the final model, for plain tfjs. */
  model: string;
  weights: string;
  /** The log, one JSON object a line. */
  log: string;
}

/** The paths in a run folder; touches nothing. */
export function runFolder(path: string): RunFolder {
  const root = resolve(path);
  return {
    root,
    experiment: join(root, "experiment.json"),
    events: join(root, "events.jsonl"),
    checkpoints: join(root, "checkpoints"),
    workers: join(root, "workers"),
    result: join(root, "result.json"),
    model: join(root, "model"),
    weights: join(root, "weights.safetensors"),
    log: join(root, "log.jsonl"),
  };
}

/** Makes a new run folder; one with files in it is refused, so that no run overwrites another. */
export async function createRunFolder(path: string): Promise<RunFolder> {
  const folder = runFolder(path);
  try {
    await mkdir(folder.root, { recursive: true });
    const names = await readdir(folder.root);
    if (names.length > 0) throw occupied(folder.root, names.length);
    // Of several runs that find the folder empty at once, the one that makes this has it.
    await mkdir(folder.checkpoints);
  } catch (cause) {
    throw fileError(folder.root, "write", cause);
  }
  return folder;
}

/** The folder of an earlier run; throws `cli/no-run` where there is none. */
export async function openRunFolder(path: string): Promise<RunFolder> {
  const folder = runFolder(path);
  const found = await stat(folder.experiment).catch(() => undefined);
  if (found?.isFile()) return folder;
  throw new EnvironmentError(
    "cli/no-run",
    `${folder.root} is no run folder: it has no experiment.json.`,
    {
      remedy: "Name a folder that `trunkline train` wrote, as it stands in `runs/`.",
      details: { path: folder.root },
    },
  );
}

function occupied(path: string, files: number): EnvironmentError {
  const message = `The run folder should be new or empty. Found ${files} files in ${path}.`;
  return new EnvironmentError("environment/file", message, {
    remedy: "Choose another folder with `--out`.",
    details: { path, files, code: "EEXIST" },
  });
}
