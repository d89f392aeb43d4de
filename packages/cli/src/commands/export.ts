// `trunkline export`: a run's weights as plain tfjs models, of any checkpoint and for any of its tasks.

import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { exportModels } from "@trunkline/coordinator";
import { EnvironmentError, type PreparedExperiment, sharedSource } from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { shownPath } from "../load/shown-path.ts";
import { openRun, openTrained, type Run, type WeightsOptions } from "../trained/open-run.ts";
import { requireTask } from "../trained/require-task.ts";

export interface ExportOptions extends WeightsOptions {
  /** @default all */
  task?: string;
  /** @default in the run folder */
  out?: string;
}

export async function exportCommand(path: string, options: ExportOptions): Promise<void> {
  const run = await openRun(path);
  const { task } = options;
  if (task !== undefined) requireTask(run.record, task);
  const folder = folderOf(run, options);
  await requireEmpty(folder);
  // Nothing is computed but copies of weights.
  await chooseBackend("cpu");
  const { ready, checkpoint } = await openTrained(run, options);
  try {
    await exportModels(ready.prepared, folder, task);
    const models = modelsOf(ready.prepared, folder, task);
    process.stdout.write(`${told(models, checkpoint)}\n`);
  } finally {
    await ready.dispose();
  }
}

function folderOf({ folder }: Run, { out, checkpoint, task }: ExportOptions): string {
  if (out !== undefined) return resolve(out);
  const suffix = task === undefined ? "" : `-${task}`;
  return join(folder.root, `export-${checkpoint ?? "final"}${suffix}`);
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return;
  const message = `The folder of an export should be new or empty. Found ${names.length} files in ${folder}.`;
  throw new EnvironmentError("environment/file", message, {
    remedy: "Choose another folder with `--out`, or remove that one.",
    details: { path: folder, files: names.length },
  });
}

interface ExportedModel {
  path: string;
  tasks: readonly string[];
}

function modelsOf(
  { sources }: PreparedExperiment,
  folder: string,
  only: string | undefined,
): ExportedModel[] {
  if (only !== undefined) return [{ path: join(folder, "model.json"), tasks: [only] }];
  return sources.map(({ name, tasks }) => {
    const own = name === sharedSource ? folder : join(folder, name);
    return { path: join(own, "model.json"), tasks };
  });
}

function told(models: readonly ExportedModel[], checkpoint: string): string {
  const lines = models.map(({ path, tasks }) => {
    const outputs = `${tasks.length === 1 ? "output" : "outputs"} ${tasks.join(", ")}`;
    return `${shownPath(path)}: ${checkpoint} weights, ${outputs}`;
  });
  return [
    ...lines,
    "",
    "Plain tfjs loads it without Trunkline:",
    '  in a browser  await tf.loadLayersModel("URL/model.json")',
    '  in Node       await tf.loadLayersModel("file://FOLDER/model.json") with @tensorflow/tfjs-node,',
    '                await tf.loadLayersModel(modelFiles("FOLDER")) with modelFiles of @trunkline/coordinator',
  ].join("\n");
}
