// What this worker computed, as a record of its own: runs of neighbouring steps of one shard and epoch.
// All workers' records together are the work of the run, each shard-step once.

import type { PhaseKind } from "@trunkline/core";

/** Steps `from` to `to` (inclusive) of one shard in one epoch. */
export interface WorkRecord {
  type: "shardSteps";
  phase: number;
  kind: PhaseKind;
  shard: number;
  epoch: number;
  from: number;
  to: number;
}

export type WorkListener = (record: WorkRecord) => void;

export class WorkLog {
  readonly #tell: WorkListener;
  readonly #open = new Map<number, WorkRecord>();

  constructor(tell: WorkListener) {
    this.#tell = tell;
  }

  /** One step of a shard is computed. */
  add(step: { phase: number; kind: PhaseKind; shard: number; epoch: number; step: number }): void {
    const { phase, kind, shard, epoch } = step;
    const open = this.#open.get(shard);
    const continues = open?.phase === phase && open.epoch === epoch && open.to + 1 === step.step;
    if (continues) {
      open.to = step.step;
      return;
    }
    if (open !== undefined) this.#tell(open);
    const record = { type: "shardSteps", phase, kind, shard, epoch } as const;
    this.#open.set(shard, { ...record, from: step.step, to: step.step });
  }

  flush(): void {
    for (const record of this.#open.values()) this.#tell(record);
    this.#open.clear();
  }
}
