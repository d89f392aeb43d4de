import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { modelFiles, writeModel } from "./model-files.ts";

let folder: string;
beforeAll(() => tf.setBackend("cpu"));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-model-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function twoOutputs(seed: number): tf.LayersModel {
  const kernelInitializer = () => tf.initializers.glorotUniform({ seed });
  const input = tf.input({ shape: [3] });
  const trunk = tf.layers.dense({ units: 4, kernelInitializer: kernelInitializer() }).apply(input);
  const outputs = ["left", "right"].map(
    (name) =>
      tf.layers
        .dense({ units: 2, name: `${name}${seed}`, kernelInitializer: kernelInitializer() })
        .apply(trunk) as tf.SymbolicTensor,
  );
  return tf.model({ inputs: input, outputs });
}

function outputsOf(model: tf.LayersModel): number[][] {
  return tf.tidy(() => {
    const x = tf.tensor2d([[1, -2, 0.5]]);
    return (model.predict(x) as tf.Tensor[]).map((output) => [...output.dataSync()]);
  });
}

/** A browser's fetch, on the files of `folder`. */
async function fetchFile(url: string | Request | URL): Promise<Response> {
  return new Response(await readFile(join(folder, basename(String(url)))));
}

test("plain tfjs loads what was written, as in Node and as in a browser", async () => {
  const before = tf.memory().numTensors;
  const model = twoOutputs(1);
  const made = tf.memory().numTensors;
  await writeModel(model, folder);
  expect(tf.memory().numTensors).toBe(made);
  const wanted = outputsOf(model);
  model.dispose();

  const inNode = await tf.loadLayersModel(modelFiles(folder));
  expect(outputsOf(inNode)).toEqual(wanted);
  inNode.dispose();
  const inBrowser = await tf.loadLayersModel(
    tf.io.http("https://example.org/run/model.json", { fetchFunc: fetchFile }),
  );
  expect(outputsOf(inBrowser)).toEqual(wanted);
  inBrowser.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test("a second model takes the place of the first and of its weights", async () => {
  for (const seed of [2, 3]) {
    const model = twoOutputs(seed);
    await writeModel(model, join(folder, "model"));
    model.dispose();
  }
  const names = await readdir(join(folder, "model"));
  expect(names).toEqual(["model.json", expect.stringMatching(/^weights\.[0-9a-f]{12}\.bin$/)]);
});

test("weights that cannot be removed are told by the folder's path", async () => {
  await mkdir(join(folder, "weights.0123456789ab.bin"));
  const model = twoOutputs(4);
  await expect(writeModel(model, folder)).rejects.toMatchObject({
    code: "environment/file",
    details: { path: folder },
  });
  model.dispose();
});

test("a folder without a model is told by its path", async () => {
  await expect(tf.loadLayersModel(modelFiles(join(folder, "no")))).rejects.toMatchObject({
    code: "environment/file",
    details: { path: join(folder, "no", "model.json") },
  });
});
