// A trained run, opened again: its experiment loaded as it was resolved then, its weights in the network.

import { loadSnapshot, openRunFolder, type RunFolder, readSnapshot } from "@trunkline/coordinator";
import { EnvironmentError } from "@trunkline/core";
import { type BackendName, backendNames, chooseBackend } from "@trunkline/worker";
import { type ReadyExperiment, readyExperiment } from "../ready.ts";
import { type CheckpointName, weightsFile } from "./checkpoint.ts";
import { backendOf, type RunRecord, readRecord } from "./run-record.ts";

export interface Run {
  folder: RunFolder;
  record: RunRecord;
}

export interface TrainedRun extends Run {
  checkpoint: CheckpointName;
  /** Its network has the checkpoint's weights. The caller disposes. */
  ready: ReadyExperiment;
}

export interface WeightsOptions {
  /** @default the weights that the run ended with */
  checkpoint?: "best" | "last";
}

/** Reads the record alone. */
export async function openRun(path: string): Promise<Run> {
  const folder = await openRunFolder(path);
  return { folder, record: await readRecord(folder) };
}

/** On the backend in force; the checkpoint must fit the network that the module builds. */
export async function openTrained(run: Run, { checkpoint }: WeightsOptions): Promise<TrainedRun> {
  const weights = await weightsFile(run.folder, checkpoint);
  const { module, overrides } = run.record;
  const ready = await readyExperiment(module, overrides, { checkValues: false });
  try {
    const { network } = ready.prepared;
    loadSnapshot(await readSnapshot(weights.path, network), network);
  } catch (error) {
    await ready.dispose();
    throw error;
  }
  return { ...run, checkpoint: weights.checkpoint, ready };
}

/** The backend that is asked for; else the run's own, so that its figures are met to the bit. */
export async function chooseBackendFor(
  { folder }: Run,
  wanted: BackendName | "auto" | undefined,
): Promise<void> {
  const chosen = wanted ?? (await ownBackend(folder));
  try {
    await chooseBackend(chosen);
  } catch (error) {
    const missing = error instanceof EnvironmentError && error.code === "backend/unavailable";
    if (!missing || wanted !== undefined) throw error;
    await chooseBackend("auto");
  }
}

async function ownBackend(folder: RunFolder): Promise<BackendName | "auto"> {
  const found = await backendOf(folder);
  return backendNames.find((name) => name === found) ?? "auto";
}
