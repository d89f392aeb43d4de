// Where a run is kept: its events, its snapshots and its results. The run folder is one; a run inside
// another program may do without any.

import type { RunEvent, RunResult } from "@trunkline/core";
import type { Snapshot } from "./store.ts";

export interface Archive {
  /** In the stream's order; may be buffered until `finish`. */
  event(event: RunEvent): void;
  /** Replaces the checkpoint of that name once it is safely written. */
  saveCheckpoint(name: "last" | "best", snapshot: Snapshot): Promise<void>;
  /** Writes result, model and weights of the last state. */
  saveResult(result: RunResult, snapshot: Snapshot): Promise<void>;
  /** Writes what is buffered. Throws what an earlier write failed with. */
  close(): Promise<void>;
}

export const noArchive: Archive = {
  event() {},
  async saveCheckpoint() {},
  async saveResult() {},
  async close() {},
};
