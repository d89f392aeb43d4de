// The plain model of one task: of the run's exported files where they are meant, else built from the
// experiment and a checkpoint.

import { access } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { modelFiles } from "@trunkline/coordinator";
import { plainModel } from "@trunkline/core";
import { openTrained, type Run, type WeightsOptions } from "../trained/open-run.ts";

/** One input, one output: the task's. The caller disposes. */
export async function taskModel(
  run: Run,
  task: string,
  options: WeightsOptions,
): Promise<tf.LayersModel> {
  const { model } = run.folder;
  // A task with inputs of its own has a model of its own.
  for (const folder of options.checkpoint === undefined ? [join(model, task), model] : []) {
    if (await exists(join(folder, "model.json"))) return loaded(folder, task);
  }
  return rebuilt(run, task, options);
}

/** Without the outputs of other tasks, which would be computed for nothing. */
async function loaded(folder: string, task: string): Promise<tf.LayersModel> {
  const whole = await tf.loadLayersModel(modelFiles(folder));
  if (whole.outputs.length === 1) return whole;
  const { output } = whole.getLayer(task);
  return tf.model({ inputs: whole.inputs, outputs: output });
}

async function rebuilt(run: Run, task: string, options: WeightsOptions): Promise<tf.LayersModel> {
  const { ready } = await openTrained(run, options);
  try {
    const { network, sourceOf } = ready.prepared;
    const { standardisation } = sourceOf(task);
    return plainModel(network, [task], standardisation && { standardise: standardisation });
  } finally {
    await ready.dispose();
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
