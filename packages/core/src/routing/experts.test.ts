// Mixtures of experts of plain layers, and progressive layered extraction.

import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { plainModel } from "../model/export-model.ts";
import { predict } from "../model/forward.ts";
import { buildNetwork } from "../model/network.ts";
import { networkProblems } from "../model/network-problems.ts";
import { distance, numbers } from "../model/test-networks.ts";
import { cgc } from "./cgc.ts";
import { mmoe } from "./mmoe.ts";
import { ple } from "./ple.ts";

const expert = () => [tf.layers.dense({ units: 3, activation: "tanh" })];
const tower = () => [tf.layers.dense({ units: 2 })];

test("a multi-gate mixture is the gated sum of its experts", async () => {
  const { trunk, head } = mmoe({ inputShape: [4], experts: 3, expert });
  const network = await buildNetwork({ seed: 1, trunk, heads: { a: head(tower), b: head(tower) } });
  expect(networkProblems(network)).toEqual([]);
  const x = numbers([5, 4], 2);
  const difference = tf.tidy(() => {
    const weights = network.trunk.block.variables;
    const [gate, kernel, bias] = network.head("a").block.variables as readonly tf.Tensor[] as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor1D,
    ];
    const g = tf.softmax(tf.matMul(x as tf.Tensor2D, gate));
    const experts = [0, 1, 2].map((i) =>
      tf.tanh(
        tf.add(
          tf.matMul(x as tf.Tensor2D, weights[2 * i] as tf.Tensor as tf.Tensor2D),
          weights[2 * i + 1]!,
        ),
      ),
    );
    const mixed = tf.addN(experts.map((f, i) => tf.mul(f, tf.slice(g, [0, i], [-1, 1]))));
    const expected = tf.add(tf.matMul(mixed as tf.Tensor2D, kernel), bias);
    return distance(predict(network, "a", x).dataSync(), expected.dataSync());
  });
  expect(difference).toBeLessThan(1e-6);
  network.dispose();
});

test("customized gate control keeps a task's own experts in its head", async () => {
  const { trunk, head } = cgc({ inputShape: [4], shared: 2, own: 1, expert });
  const network = await buildNetwork({ seed: 1, trunk, heads: { a: head(tower), b: head(tower) } });
  expect(networkProblems(network)).toEqual([]);
  expect(network.trunk.block.layout.length).toBe(2 * (4 * 3 + 3));
  // An expert, a gate over three, a tower.
  expect(network.head("a").block.layout.length).toBe(15 + 4 * 3 + 3 * 2 + 2);
  const x = numbers([5, 4], 2);
  const model = plainModel(network, ["a", "b"]);
  const difference = tf.tidy(() => {
    const outputs = model.predict(x) as tf.Tensor[];
    return distance(outputs[1]!.dataSync(), predict(network, "b", x).dataSync());
  });
  expect(difference).toBe(0);
  network.dispose();
});

test("progressive layered extraction lets a task use shared experts and its own", async () => {
  const level = () => tf.layers.dense({ units: 3, activation: "tanh" });
  const trunk = ple({ inputShape: [4], tasks: 2, shared: 1, own: 2, levels: [level, level] });
  const head = ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape })] });
  const network = await buildNetwork({ seed: 1, trunk, heads: { a: head, b: head } });
  expect(networkProblems(network)).toEqual([]);
  expect(network.head("b").routers.map(({ allowed }) => allowed)).toEqual([
    [0, 3, 4],
    [0, 3, 4],
  ]);
  expect(network.head("b").block.layout.own.map(({ shape }) => shape)).toEqual([
    [4, 3],
    [3],
    [3, 3],
    [3],
  ]);
  network.dispose();
});

test("a mixture without experts is refused where it is written", () => {
  const { trunk } = mmoe({
    inputShape: [2],
    experts: 0,
    expert: () => [tf.layers.dense({ units: 2 })],
  });
  expect(trunk).toThrow(/`experts` should be a whole number, at least 1/);
});
