// Exported models where tasks have ways of their own through the trunk: one for each, in plain layers.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  arrayDataset,
  defineExperiment,
  type PreparedExperiment,
  predict,
  prepareExperiment,
  resolveExperiment,
  routed,
} from "@trunkline/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { modelFiles } from "./model-files.ts";
import { exportModels } from "./run-archive.ts";

let folder: string;
let prepared: PreparedExperiment;

const inputs = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
const label = new Float32Array(4);
const head = ({ inputShape }: { inputShape: number[] }) =>
  tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape })] });
const component = () => tf.layers.dense({ units: 2, activation: "tanh" });

const experiment = defineExperiment({
  name: "routed",
  build: () => ({
    data: {
      train: arrayDataset({ inputs, inputShape: [3], labels: { left: label, right: label } }),
    },
    trunk: () =>
      tf.sequential({ layers: [routed([component(), component()], { inputShape: [3] })] }),
    tasks: {
      left: { head, loss: "meanSquaredError" },
      right: { head, loss: "meanSquaredError" },
    },
  }),
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-routed-"));
  const open = () => {
    throw new Error("no files");
  };
  prepared = await prepareExperiment(resolveExperiment(experiment, { set: {} }), { open });
});
afterEach(async () => {
  prepared.network.dispose();
  await rm(folder, { recursive: true, force: true });
});

test("tasks that share their input have a model each, which predicts what evaluation does", async () => {
  await exportModels(prepared, folder);
  expect((await readdir(folder)).sort()).toEqual(["left", "right"]);
  for (const task of ["left", "right"]) {
    const model = await tf.loadLayersModel(modelFiles(join(folder, task)));
    const [found, expected] = tf.tidy(() => {
      const x = tf.tensor(inputs, [4, 3]);
      const plain = model.predict(x) as tf.Tensor;
      return [plain.dataSync(), predict(prepared.network, task, x).dataSync()];
    });
    expect(found).toEqual(expected);
    model.dispose();
  }
});

test("a single task's model is in the folder itself", async () => {
  await exportModels(prepared, folder, "right");
  expect(await readdir(folder)).toContain("model.json");
});
