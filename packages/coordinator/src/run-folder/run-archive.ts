// The run folder as a run's archive. Nothing is half-written: each file is whole or not there, and the
// result is the last of them.

import { mkdir, rm, rmdir } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  type PreparedExperiment,
  plainModel,
  type RunEvent,
  type RunResult,
  sharedSource,
} from "@trunkline/core";
import type { Archive } from "../driver/archive.ts";
import type { Snapshot } from "../driver/store.ts";
import { writeJson } from "./atomic-file.ts";
import { EventsFile } from "./events-file.ts";
import { fileError } from "./file-error.ts";
import { writeModel } from "./model-files.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
import { loadSnapshot, writeSnapshot, writeWeights } from "./snapshot-file.ts";

export class RunArchive implements Archive {
  readonly paths: RunFolder;
  readonly #prepared: PreparedExperiment;
  readonly #events: EventsFile;

  private constructor(paths: RunFolder, prepared: PreparedExperiment, events: EventsFile) {
    this.paths = paths;
    this.#prepared = prepared;
    this.#events = events;
  }

  /**
   * Makes the folder, which must be new or empty: an error with the detail `code: "EEXIST"` says that it is
   * not. `record` becomes `experiment.json`. What fails half-way leaves nothing behind.
   */
  static async create(
    path: string,
    { prepared, record }: { prepared: PreparedExperiment; record: object },
  ): Promise<RunArchive> {
    const paths = await createRunFolder(path);
    try {
      await writeJson(paths.experiment, record);
      return new RunArchive(paths, prepared, await EventsFile.open(paths.events));
    } catch (error) {
      await remove(paths).catch(() => {});
      throw error;
    }
  }

  /** The run's name. */
  get name(): string {
    return basename(this.paths.root);
  }

  event(event: RunEvent): void {
    this.#events.append(event);
  }

  saveCheckpoint(name: "last" | "best", snapshot: Snapshot): Promise<void> {
    return writeSnapshot(checkpointPath(this.paths, name), snapshot, this.#prepared.network);
  }

  /** Of a failed run the result alone: a model is there only where a run came to its end. */
  async saveResult(result: RunResult, snapshot: Snapshot): Promise<void> {
    if (result.status !== "failed") await this.#saveModel(snapshot);
    await writeJson(this.paths.result, result);
  }

  async #saveModel(snapshot: Snapshot): Promise<void> {
    const { network } = this.#prepared;
    await writeWeights(this.paths.weights, snapshot, network);
    loadSnapshot(snapshot, network);
    await exportModels(this.#prepared, this.paths.model);
  }

  close(): Promise<void> {
    return this.#events.close();
  }

  /** Takes back what `create` made, for a run that never began. */
  async discard(): Promise<void> {
    await this.#events.close();
    await remove(this.paths);
  }
}

async function remove({ root, ...made }: RunFolder): Promise<void> {
  const paths = Object.values(made);
  await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })));
  // Somebody else may have put a file there meanwhile.
  await rmdir(root).catch(() => {});
}

export function checkpointPath({ checkpoints }: RunFolder, name: "last" | "best"): string {
  return join(checkpoints, `${name}.safetensors`);
}

/**
 * Writes the network's present weights as plain tfjs models: into `folder` itself one model for the tasks
 * that share their input, into `folder/TASK` one for each task with inputs of its own, or with a way of its
 * own through the trunk.
 *
 * @param only - A single task, into `folder` itself. @default all
 */
export async function exportModels(
  { network, sources }: PreparedExperiment,
  folder: string,
  only?: string,
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError(folder, "write", cause);
  });
  for (const { name, tasks, standardisation } of sources) {
    const wanted = only === undefined ? tasks : tasks.filter((task) => task === only);
    if (wanted.length === 0) continue;
    const apart = network.isRouted || name !== sharedSource;
    for (const group of network.isRouted ? wanted.map((task) => [task]) : [wanted]) {
      const target = apart && only === undefined ? join(folder, group[0]!) : folder;
      const model = plainModel(network, group, standardisation && { standardise: standardisation });
      try {
        await writeModel(model, target);
      } finally {
        model.dispose();
      }
    }
  }
}
