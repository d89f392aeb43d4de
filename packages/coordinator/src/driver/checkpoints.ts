// The consistent states of a run, one per edge: which is the last one, which the best, and which one the run
// ends with.

import type { MachineEvent } from "../machine/effects.ts";
import type { Archive } from "./archive.ts";
import { hashesOf } from "./hashes.ts";
import { notFiniteState } from "./not-finite.ts";
import type { Snapshot } from "./store.ts";
import { trunkNotFinite } from "./trunk-update.ts";

export class Checkpoints {
  readonly #archive: Archive;
  #last: Snapshot;
  #best: Snapshot | null = null;
  #final: Snapshot;

  constructor(archive: Archive, initial: Snapshot) {
    this.#archive = archive;
    this.#last = initial;
    this.#final = initial;
  }

  /** What the run ends with: the last edge, or the best one where that was restored. */
  get final(): Snapshot {
    return this.#final;
  }

  /** Hashes an edge and keeps it as the last one. */
  async saveEdge(snapshot: Snapshot): Promise<MachineEvent> {
    const broken = notFiniteState(snapshot.trunk);
    if (broken !== undefined) throw trunkNotFinite(broken, snapshot.epoch - 1);
    await this.#archive.saveCheckpoint("last", snapshot);
    this.#last = snapshot;
    this.#final = snapshot;
    return { type: "edgeSaved", hashes: hashesOf(snapshot) };
  }

  /** Keeps the last edge as the best one. */
  async keepBest(): Promise<undefined> {
    await this.#archive.saveCheckpoint("best", this.#last);
    this.#best = this.#last;
  }

  /** The run goes on, or ends, from here. */
  restore(what: "last" | "best"): Snapshot {
    this.#final = what === "last" ? this.#last : (this.#best ?? this.#last);
    return this.#final;
  }
}
