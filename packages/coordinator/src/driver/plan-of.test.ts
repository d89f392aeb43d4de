import * as tf from "@tensorflow/tfjs";
import type { ExperimentSettings, PreparedExperiment } from "@trunkline/core";
import { afterEach, expect, test } from "vitest";
import { preparedWith } from "../../test/prepared.ts";
import { initialStates } from "./initial-states.ts";
import { planOf } from "./plan-of.ts";

let prepared: PreparedExperiment;
afterEach(() => prepared.network.dispose());

async function planWith(settings: Partial<ExperimentSettings>) {
  prepared = await preparedWith(settings);
  const { heads } = initialStates(prepared);
  return planOf(prepared, heads, {
    run: "run",
    experimentHash: "",
    workers: 1,
    allowMixed: false,
  });
}

test("what a method keeps of a task is as long as the trunk", async () => {
  const { methodLengths } = await planWith({ method: "db-mtl" });
  expect(methodLengths).toEqual({ left: { "left/method/q": 3 }, right: { "right/method/q": 3 } });
});

test("of a trunk without parameters it has numbers alone: empty arrays do not travel", async () => {
  const layer = () => tf.layers.activation({ activation: "tanh", inputShape: [3] });
  const trunk = () => tf.sequential({ layers: [layer()] });
  const { methodLengths } = await planWith({ method: "mao", trunk });
  expect(methodLengths).toEqual({ left: {}, right: {} });
});

test.each([
  ["gradnorm", true],
  ["db-mtl", false],
  ["ew", false],
] as const)("norms come with the gradients of %s: %s", async (method, learnsNorms) => {
  expect(await planWith({ method })).toMatchObject({ learnsNorms, trunkArrays: 1 });
});
