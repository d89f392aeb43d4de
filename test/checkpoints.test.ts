// Everything that a run would need to go on comes back from a checkpoint, bit for bit.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { hashesOf } from "@trunkline/coordinator";
import { gumbel, routed } from "@trunkline/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  readSnapshot,
  writeSnapshot,
} from "../packages/coordinator/src/run-folder/snapshot-file.ts";
import { prepared, trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-snapshot-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dense = () => tf.layers.dense({ units: 5, activation: "tanh" });
const routedTrunk = () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 6 }),
      routed([dense(), dense()], { router: gumbel() }),
    ],
  });

test.each([
  ["plain summing", {}, {}],
  ["moments per task, in the shards", { method: "mao" }, {}],
  ["moving averages per task, and weights of their own", { method: "moco" }, {}],
  ["an optimizer's variables", { method: "uw" }, {}],
  ["arrays per task, at the coordinator", { method: "mtadam" }, {}],
  ["a wrapper's state", { method: "cr-mogm", "method.of": "gradvac" }, {}],
  ["router parameters and their optimizer", {}, { trunk: routedTrunk }],
])("%s", async (name, set: Record<string, string>, settings) => {
  const experiment = sharedInput({ epochs: 2, ...settings });
  const { last, result } = await trainCluster(experiment, { workers: 2, set });
  const { ready } = await prepared(experiment, set);
  const path = join(folder, `${name}.safetensors`);
  await writeSnapshot(path, last!, ready.network);
  const back = await readSnapshot(path, ready.network);
  expect(back).toEqual(last);
  expect(hashesOf(back)).toEqual(result.hashes);
  ready.network.dispose();
});
