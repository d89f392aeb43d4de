// Exported models of routed trunks: plain tfjs that predicts what evaluation predicts.

import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { plainModel } from "../model/export-model.ts";
import { predict } from "../model/forward.ts";
import type { Network } from "../model/network.ts";
import { distance, numbers } from "../model/test-networks.ts";
import { dselectK } from "./dselect-k.ts";
import { noSharing, sharedBottom } from "./fixed.ts";
import { gumbel } from "./gumbel.ts";
import { softmaxGate } from "./softmax-gate.ts";
import { features, routedNetwork, setRouter, tasks } from "./test-networks.ts";

/** Largest difference between the exported model, saved and loaded, and the network's own prediction. */
async function differenceOf(network: Network, task: string): Promise<number> {
  const model = plainModel(network, [task]);
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  expect(JSON.stringify(artifacts!.modelTopology)).not.toContain("Trunkline");
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts!));
  const difference = tf.tidy(() => {
    const x = numbers([5, features], 9);
    const plain = loaded.predict(x) as tf.Tensor;
    return distance(plain.dataSync(), predict(network, task, x).dataSync());
  });
  model.dispose();
  loaded.dispose();
  return difference;
}

describe("the exported model of a task", () => {
  test("predicts exactly what evaluation does, with fewer weights", async () => {
    const network = await routedNetwork();
    setRouter(network, "left", [
      [2, -1, 1],
      [-1, -2, -3],
    ]);
    setRouter(network, "right", [
      [2, 1, 1],
      [1, 2, 3],
    ]);
    expect(await differenceOf(network, "left")).toBe(0);
    expect(await differenceOf(network, "right")).toBe(0);
    const [few, all] = ["left", "right"].map((task) => {
      const model = plainModel(network, [task]);
      const count = model.countParams();
      model.dispose();
      return count;
    });
    // One component of 25 and two of 39 less.
    expect(all! - few!).toBe(25 + 2 * 39);
    network.dispose();
  });

  test.each([
    ["no sharing", noSharing],
    ["a shared bottom", sharedBottom],
    ["DSelect-k", () => dselectK({ k: 2 })],
    ["a gate by example", () => softmaxGate()],
    ["a gate of the task", () => softmaxGate({ perExample: false })],
    ["a gate over some", () => softmaxGate({ allowed: (task) => (task === 0 ? [2] : [0, 1]) })],
    ["allocation over some", () => gumbel({ allowed: (task) => [task, (task + 1) % 3] })],
  ])("predicts what evaluation does with %s", async (_, router) => {
    const network = await routedNetwork(router);
    for (const task of tasks) expect(await differenceOf(network, task)).toBeLessThan(1e-6);
    network.dispose();
  });

  test("works behind convolutions, with outputs of any rank", async () => {
    const conv = () =>
      tf.layers.conv2d({ filters: 2, kernelSize: 3, padding: "same", activation: "relu" });
    const { routed } = await import("./routed-layer.ts");
    for (const router of [gumbel, () => softmaxGate(), () => dselectK({ k: 2 })]) {
      const network = await routedNetwork(gumbel, {
        trunk: () =>
          tf.sequential({
            layers: [
              routed([conv(), conv()], { router: router(), inputShape: [4, 4, 1] }),
              tf.layers.flatten(),
            ],
          }),
      });
      const model = plainModel(network, ["left"]);
      const difference = tf.tidy(() => {
        const x = numbers([3, 4, 4, 1], 2);
        const plain = model.predict(x) as tf.Tensor;
        return distance(plain.dataSync(), predict(network, "left", x).dataSync());
      });
      expect(difference).toBeLessThan(1e-6);
      model.dispose();
      network.dispose();
    }
  });

  test("is of one task alone", async () => {
    const network = await routedNetwork();
    expect(() => plainModel(network, tasks)).toThrow(/share no model/);
    network.dispose();
  });
});
