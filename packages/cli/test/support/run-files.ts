// What a run wrote, read back.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent, RunEventOf, RunResult } from "@trunkline/core";
import type { WorkRecord } from "@trunkline/worker";

export function resultIn(run: string): RunResult {
  return JSON.parse(readFileSync(join(run, "result.json"), "utf8")) as RunResult;
}

/** Whole lines only: the run may still be writing. */
export function eventsIn(run: string): RunEvent[] {
  return linesOf<RunEvent>(join(run, "events.jsonl"));
}

export function eventsOf<T extends RunEvent["type"]>(run: string, type: T): RunEventOf<T>[] {
  return eventsIn(run).filter((event): event is RunEventOf<T> => event.type === type);
}

/** Of all workers that `train` started. */
export function workIn(run: string): WorkRecord[] {
  const folder = join(run, "workers");
  const files = readdirSync(folder).filter((name) => name.endsWith(".events.jsonl"));
  return files.flatMap((name) => linesOf<WorkRecord>(join(folder, name)));
}

function linesOf<T>(file: string): T[] {
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
