import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../errors.ts";
import { dropout } from "./dropout.ts";
import { buildNetwork } from "./network.ts";
import { networkProblems } from "./network-problems.ts";
import { denseNetwork, features, tensorsLeftBy } from "./test-networks.ts";

const trunk = () =>
  tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [features] })] });

describe("building a network", () => {
  test("initial weights are a function of the seed; heads alike in shape differ", async () => {
    const head = (inputShape: number[]) =>
      tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape })] });
    const build = (seed: number) =>
      buildNetwork({
        seed,
        trunk: () => head([3]),
        heads: {
          left: ({ inputShape }) => head(inputShape),
          right: async ({ inputShape }) => head(inputShape),
        },
      });
    const networks = await Promise.all([build(1), build(1), build(2)]);
    const weights = networks.map((network) => [
      network.trunk.block.readWeights(),
      network.head("left").block.readWeights(),
      network.head("right").block.readWeights(),
    ]);
    expect(weights[0]).toEqual(weights[1]);
    expect(weights[0]).not.toEqual(weights[2]);
    const distinct = new Set(weights[0]!.map((flat) => flat.join()));
    expect(distinct.size).toBe(3);
    for (const network of networks) network.dispose();
  });

  test("a head's factory is told the shape of the features", async () => {
    const found: number[][][] = [];
    const network = await denseNetwork({
      heads: {
        only: ({ inputShape, inputShapes }) => {
          found.push([inputShape], inputShapes);
          return tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape })] });
        },
      },
    });
    expect(found).toEqual([[[3]], [[3]]]);
    network.dispose();
  });

  test("dropout layers of one model are told apart", async () => {
    const layers = [dropout({ rate: 0.5, inputShape: [2] }), dropout({ rate: 0.5 })];
    const network = await buildNetwork({
      seed: 1,
      trunk: () => tf.sequential({ layers }),
      heads: {},
    });
    expect(layers.map(({ ordinal }) => ordinal)).toEqual([0, 1]);
    network.dispose();
  });

  test("a factory that throws, or returns no model, leaves nothing behind", async () => {
    const left = await tensorsLeftBy(async () => {
      const failing = () => {
        throw new Error("no head");
      };
      await expect(buildNetwork({ seed: 1, trunk, heads: { a: failing } })).rejects.toThrow(
        "no head",
      );
      for (const nothing of [undefined, tf.sequential(), tf.layers.flatten()]) {
        const heads = { a: () => nothing as tf.LayersModel };
        await expect(buildNetwork({ seed: 1, trunk, heads })).rejects.toThrow(ExperimentError);
      }
    });
    expect(left).toBe(0);
  });

  test("disposing a network disposes all its blocks", async () => {
    expect(await tensorsLeftBy(async () => (await denseNetwork()).dispose())).toBe(0);
  });
});

describe("problems of a network", () => {
  test("a sound network has none", async () => {
    const network = await denseNetwork();
    expect(networkProblems(network)).toEqual([]);
    network.dispose();
  });

  test("all are found at once, each at its path", async () => {
    const network = await buildNetwork({
      seed: 1,
      trunk: () =>
        tf.sequential({
          layers: [
            tf.layers.dense({ units: 3, inputShape: [2] }),
            tf.layers.dropout({ rate: 0.5 }),
          ],
        }),
      heads: {
        a: () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [5] })] }),
        b: ({ inputShape }) => {
          const x = tf.input({ shape: inputShape });
          const y = tf.input({ shape: inputShape });
          const sum = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
          const outputs = [sum, tf.layers.dense({ units: 1 }).apply(sum) as tf.SymbolicTensor];
          return tf.model({ inputs: [x, y], outputs });
        },
      },
    });
    const problems = networkProblems(network);
    expect(problems.map(({ path, code }) => [path, code])).toEqual([
      ["trunk.1.dropout", "experiment/random-layer"],
      ["tasks.a.head", "experiment/shape"],
      ["tasks.b.head", "experiment/shape"],
      ["tasks.b.head", "experiment/shape"],
    ]);
    expect(problems[1]!.message).toBe(
      "Parameter `inputShape` should be the trunk's output [3]. Found [5].",
    );
    network.dispose();
  });
});
