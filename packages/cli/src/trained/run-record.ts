// What a run folder says of its run: the experiment as it was resolved, and the backend that trained it.

import { readFile } from "node:fs/promises";
import type { RunFolder } from "@trunkline/coordinator";
import { EnvironmentError, type Overrides, type RunResult } from "@trunkline/core";
import type { SourceFile } from "../load/source-hash.ts";

/** `experiment.json`. */
export interface RunRecord {
  name: string;
  options: Readonly<Record<string, unknown>>;
  overrides: Overrides;
  settings: { tasks: Readonly<Record<string, { loss: string }>> } & Readonly<
    Record<string, unknown>
  >;
  /** Absolute path of the experiment's module. */
  module: string;
  /** Over sources, settings and data. */
  hash: string;
  sources: readonly SourceFile[];
}

export async function readRecord({ experiment }: RunFolder): Promise<RunRecord> {
  try {
    return JSON.parse(await readFile(experiment, "utf8")) as RunRecord;
  } catch (cause) {
    throw new EnvironmentError("environment/file", `Cannot read ${experiment}: ${cause}.`, {
      remedy: "Restore the file, or train again.",
      details: { path: experiment },
      cause,
    });
  }
}

/** The name of the backend that the run was trained on; undefined where it has no result. */
export async function backendOf({ result }: RunFolder): Promise<string | undefined> {
  const text = await readFile(result, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return (JSON.parse(text) as RunResult).backend.split(" ")[0];
}
