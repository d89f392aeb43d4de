import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { buildNetwork, type NetworkOptions } from "../model/network.ts";
import { networkProblems } from "../model/network-problems.ts";
import { dselectK } from "./dselect-k.ts";
import { noSharing } from "./fixed.ts";
import { gumbel } from "./gumbel.ts";
import { routed } from "./routed-layer.ts";
import { softmaxGate } from "./softmax-gate.ts";

const dense = (units = 3) => tf.layers.dense({ units });
const inputShape = [4];
const shared = dense;

const head: NetworkOptions["heads"][string] = ({ inputShape: shape }) =>
  tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: shape })] });

async function problemsOf(change: Partial<NetworkOptions>): Promise<[string, string][]> {
  const trunk = () => tf.sequential({ layers: [routed([dense(), dense()], { inputShape })] });
  const network = await buildNetwork({ seed: 0, trunk, heads: { a: head, b: head }, ...change });
  const problems = networkProblems(network);
  network.dispose();
  return problems.map(({ path, message }) => [path, message]);
}

const trunkOf = (layer: () => tf.layers.Layer) => ({
  trunk: () => tf.sequential({ layers: [layer()] }),
});

test.each([
  ["gumbel.initial", () => gumbel({ initial: 1 })],
  ["dselectK.k", () => dselectK({ k: 0 })],
  ["dselectK.width", () => dselectK({ k: 1, width: 0 })],
])("`%s` out of range is told at once", (path, make) => {
  expect(make).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ path })] }));
});

test("a gate by example needs an input of known size", async () => {
  const router = softmaxGate();
  const layer = () => routed([dense(), dense()], { inputShape: [null, 4], router });
  await expect(problemsOf(trunkOf(layer))).rejects.toThrow(/known size/);
});

test("a sound routed trunk has no problems", async () => {
  expect(await problemsOf({})).toEqual([]);
});

const cases: [name: string, change: Partial<NetworkOptions>, path: string, message: RegExp][] = [
  [
    "no component",
    trunkOf(() => routed([], { inputShape })),
    "trunk.0.trunklinerouted",
    /at least two different layers\. Found 0/,
  ],
  [
    "a single component",
    trunkOf(() => routed([dense()], { inputShape })),
    "trunk.0.trunklinerouted",
    /at least two different layers\. Found 1/,
  ],
  [
    "one layer as two components",
    trunkOf(() => {
      const twice = shared();
      return routed([twice, twice, dense()], { inputShape });
    }),
    "trunk.0.trunklinerouted",
    /3 different layers\. Found 2/,
  ],
  [
    "unequal output shapes",
    trunkOf(() => routed([dense(3), dense(4)], { inputShape })),
    "trunk.0.trunklinerouted",
    /one output shape, \[3\]\. Found \[4\]/,
  ],
  [
    "a routed layer inside another",
    trunkOf(() => {
      const inner = routed([dense(), dense()], { inputShape });
      return routed([tf.sequential({ layers: [inner] }), dense()], { inputShape });
    }),
    "trunk.0.trunklinerouted.0.sequential.0.trunklinerouted",
    /is inside the one at/,
  ],
  [
    "a routed layer inside a wrapper",
    trunkOf(() =>
      tf.layers.timeDistributed({
        layer: routed([dense(), dense()]),
        inputShape: [2, 4],
      } as Parameters<typeof tf.layers.timeDistributed>[0]),
    ),
    "trunk.0.timedistributed.layer",
    /is inside a wrapper/,
  ],
  [
    "a task that no component is for",
    trunkOf(() =>
      routed([dense(), dense()], {
        inputShape,
        router: gumbel({ allowed: (task) => (task === 1 ? [] : [0]) }),
      }),
    ),
    "trunk.0.trunklinerouted",
    /for task `b`\. Found \[\]/,
  ],
  [
    "fewer components than tasks without sharing",
    {
      ...trunkOf(() => routed([dense(), dense()], { inputShape, router: noSharing() })),
      heads: { a: head, b: head, c: head },
    },
    "trunk.0.trunklinerouted",
    /for task `c`\. Found \[2\]/,
  ],
  [
    "a routed layer in a head",
    {
      heads: {
        a: head,
        b: () => tf.sequential({ layers: [routed([dense(), dense()], { inputShape: [3] })] }),
      },
    },
    "tasks.b.head.0.trunklinerouted",
    /a head belongs to one task/,
  ],
];

test.each(cases)("%s is a problem", async (_, change, path, message) => {
  expect(await problemsOf(change)).toEqual([[path, expect.stringMatching(message)]]);
});
