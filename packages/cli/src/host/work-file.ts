// A worker's record of the work that it did: lines of JSON at the end of a file.

import { appendFileSync } from "node:fs";
import type { WorkRecord } from "@trunkline/worker";
import { fileError } from "../file-error.ts";

/** Throws an error that the coordinator can hand on, so that a full disk is told as one. */
export function appendWork(file: string, record: WorkRecord): void {
  try {
    appendFileSync(file, `${JSON.stringify(record)}\n`);
  } catch (cause) {
    throw fileError(file, cause, "Name another one with `--events`, or with `--out` of `train`.");
  }
}
