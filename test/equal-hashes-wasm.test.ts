// The headline promise on the backend that runs are made on where no native one is installed. Its own file,
// as a process has one backend.

import * as tf from "@tensorflow/tfjs";
import { adam, ateSg, momentum, sg } from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { beforeAll, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { ownInputs, sharedInput, statefulLayers } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

beforeAll(async () => {
  await chooseBackend("wasm");
});

const optimizer = {
  trunk: momentum({ learningRate: 0.05, momentum: 0.9 }),
  heads: adam({ learningRate: 0.01 }),
};

test.each([
  ["shared input", sharedInput({ schedule: ateSg(), optimizer })],
  ["own input per task", ownInputs({ schedule: ateSg(), optimizer })],
  ["batch norm and dropout", statefulLayers({ schedule: sg(), optimizer })],
])("on wasm 1, 2 and 3 workers and a plain loop end equal: %s", async (_, experiment) => {
  const reference = await trainReference(experiment);
  for (const workers of [1, 2, 3]) {
    const { result } = await trainCluster(experiment, { workers });
    expect(result.hashes).toEqual(reference);
  }
  expect(tf.getBackend()).toBe("wasm");
});
