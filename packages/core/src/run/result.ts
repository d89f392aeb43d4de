// The result of a run, as `result.json` and `--json` give it. Other programs read it: fields are added,
// never changed.

import type { Hashes, PhaseRecord, RunStatus, Split, TaskScore } from "./events.ts";

export interface RunResult {
  run: string;
  experiment: string;
  seed: number;
  backend: string;
  workers: number;
  schedule: string;
  method: string;
  layout: string;
  /** Number of shards. */
  shards: number;
  /** Epochs trained; fewer than planned after an early stop. */
  epochs: number;
  seconds: number;
  /** `equal`: the weights depend on neither number nor order of workers. `not promised`: mixed workers. */
  bits: "equal" | "not promised";
  status: RunStatus;
  /** The split that `tasks` was measured on; `validation` where there is no test split. */
  split: Split;
  tasks: Readonly<Record<string, TaskScore>>;
  updates: { trunk: number; heads: Readonly<Record<string, number>> };
  phases: readonly PhaseRecord[];
  hashes: Hashes;
}
