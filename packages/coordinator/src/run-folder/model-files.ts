// A model as the files that plain tfjs reads: `model.json`, by URL in a browser or by `modelFiles` in
// Node, and beside it one file of weights. What the model is made of is not this module's business.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { writeFileAtomically } from "./atomic-file.ts";
import { fileError } from "./file-error.ts";

const modelName = "model.json";

/**
 * Writes the model into `folder`, in place of one that is there. Borrows the model.
 *
 * The weights' name holds their hash: `model.json` and weights belong together at every moment of a
 * replacement, and a browser's cache never mixes two models.
 */
export async function writeModel(model: tf.LayersModel, folder: string): Promise<void> {
  const artifacts = await artifactsOf(model);
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
  const hash = createHash("sha256").update(weights).digest("hex");
  const weightsName = `weights.${hash.slice(0, 12)}.bin`;
  const manifest = [{ paths: [weightsName], weights: artifacts.weightSpecs ?? [] }];
  const { modelTopology, format, generatedBy } = artifacts;
  const json = { format, generatedBy, modelTopology, weightsManifest: manifest };
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError(folder, "write", cause);
  });
  await writeFileAtomically(join(folder, weightsName), [weights]);
  await writeFileAtomically(join(folder, modelName), JSON.stringify(json));
  await removeOthers(folder, weightsName);
}

/** For `tf.loadLayersModel` in Node, which reads no files by itself. */
export function modelFiles(folder: string): tf.io.IOHandler {
  return {
    load: async () => {
      const path = join(folder, modelName);
      try {
        const json = JSON.parse(await readFile(path, "utf8")) as tf.io.ModelJSON;
        return await tf.io.getModelArtifactsForJSON(json, async (manifest) => {
          const names = manifest.flatMap((group) => group.paths);
          const pieces = await Promise.all(names.map((name) => readFile(join(folder, name))));
          const whole = new Uint8Array(Buffer.concat(pieces));
          return [manifest.flatMap((group) => group.weights), whole.buffer];
        });
      } catch (cause) {
        throw fileError(path, "read", cause);
      }
    },
  };
}

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  if (saved === undefined) throw new RangeError("tfjs did not call the save handler");
  return saved;
}

/** Weights of models that this one replaced. */
async function removeOthers(folder: string, kept: string): Promise<void> {
  try {
    const stale = (await readdir(folder)).filter(
      (name) => /^weights\.[0-9a-f]{12}\.bin$/.test(name) && name !== kept,
    );
    await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
  } catch (cause) {
    throw fileError(folder, "write", cause);
  }
}
