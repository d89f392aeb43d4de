// Heads as they travel, those with router parameters included.

import { expect, test } from "vitest";
import { denseNetwork } from "../model/test-networks.ts";
import { adam } from "../optimizer/adam.ts";
import { momentum } from "../optimizer/momentum.ts";
import { routedNetwork, setRouter } from "../routing/test-networks.ts";
import { headStateOf, headTensors, initialBlockState } from "./head-state.ts";

test("a head without routers has the state of its optimizer alone", async () => {
  const network = await denseNetwork();
  const { block } = network.head("left");
  const state = initialBlockState(block, adam(), momentum({ learningRate: 1 }));
  expect(Object.keys(state.optimizer.arrays)).toEqual(["m", "v"]);
  expect(state.optimizer.arrays.m).toHaveLength(block.layout.length);
  network.dispose();
});

test("a head with routers travels with their parameters and their optimizer", async () => {
  const network = await routedNetwork();
  setRouter(network, "left", [
    [1, -2, 3],
    [4, 5, -6],
  ]);
  const { block } = network.head("left");
  const state = initialBlockState(block, momentum({ learningRate: 1 }), adam());
  state.optimizer.arrays["routing.v"]!.set([1, 2, 3, 4, 5, 6]);
  const tensors = headTensors("left", state);
  expect(tensors.map(({ name, values }) => [name, values.length])).toEqual([
    ["left/weights", 8 + 6],
    ["left/optimizer/velocity", 8],
    ["left/optimizer/routing.m", 6],
    ["left/optimizer/routing.v", 6],
  ]);
  const arrived = headStateOf("left", tensors, state.optimizer.scalars);
  expect(arrived).toEqual(state);
  setRouter(network, "left", [
    [0, 0, 0],
    [0, 0, 0],
  ]);
  block.writeWeights(arrived.weights);
  const logits = network
    .head("left")
    .routers.flatMap(({ variables }) => [...variables[0]!.dataSync()]);
  expect(logits).toEqual([1, -2, 3, 4, 5, -6]);
  network.dispose();
});
