import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { blockOf } from "./block.ts";
import { tensorsLeftBy } from "./test-networks.ts";

function nestedModel(): tf.Sequential {
  const inner = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [2], useBias: false }),
      tf.layers.batchNormalization({}),
    ],
  });
  const last = tf.layers.dense({ units: 1 });
  return tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] }), inner, last] });
}

describe("block", () => {
  test("names parameters by position, also in nested models, alike in two builds", () => {
    const blocks = [blockOf(nestedModel()), blockOf(nestedModel())] as const;
    expect(blocks[0].layout.parameters.map(({ name }) => name)).toEqual([
      "0.dense.kernel",
      "0.dense.bias",
      "1.sequential.0.dense.kernel",
      "1.sequential.1.batchnormalization.gamma",
      "1.sequential.1.batchnormalization.beta",
      "2.dense.kernel",
      "2.dense.bias",
    ]);
    expect(blocks[0].layout).toEqual(blocks[1].layout);
    for (const block of blocks) block.dispose();
  });

  test("reads what is frozen, nested and in order, and nothing that moves", () => {
    const kernel = (value: number) => ({
      kernelInitializer: tf.initializers.constant({ value }),
      biasInitializer: "zeros" as const,
    });
    const inner = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1], trainable: false, ...kernel(3) })],
    });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 1, inputShape: [2], trainable: false, ...kernel(2) }),
        inner,
        tf.layers.batchNormalization({ trainable: false }),
        tf.layers.dense({ units: 4 }),
      ],
    });
    const block = blockOf(model);
    expect([...block.readFrozen()]).toEqual([2, 2, 0, 3, 0, 1, 0]);
    block.dispose();
    const moving = blockOf(nestedModel());
    expect(moving.readFrozen().length).toBe(0);
    moving.dispose();
  });

  test("lays parameters and statistics out one after the other", () => {
    const block = blockOf(nestedModel());
    expect(block.layout.length).toBe(8 + 2 + 6 + 3 + 3 + 3 + 1);
    expect(block.layout.parameters[2]).toMatchObject({ shape: [2, 3], offset: 10, size: 6 });
    expect(block.layout.statistics.map(({ name, offset }) => [name, offset])).toEqual([
      ["1.sequential.1.batchnormalization.moving_mean", 0],
      ["1.sequential.1.batchnormalization.moving_variance", 3],
    ]);
    block.dispose();
  });

  test("gives back the weights that were written, without keeping the array", async () => {
    const block = blockOf(nestedModel());
    const weights = Float32Array.from({ length: block.layout.length }, (_, i) => i / 7);
    const statistics = Float32Array.of(1, 2, 3, 4, 5, 6);
    const written = weights.slice();
    const left = await tensorsLeftBy(() => {
      block.writeWeights(written);
      block.writeStatistics(statistics);
      written.fill(0);
    });
    expect(left).toBe(0);
    expect(block.readWeights()).toEqual(weights);
    expect(block.readStatistics()).toEqual(statistics);
    expect(() => block.writeWeights(new Float32Array(3))).toThrow(RangeError);
    block.dispose();
  });

  test("covers a bidirectional recurrent layer and leaves frozen layers out", () => {
    const rnn = tf.layers.simpleRNN({ units: 2, recurrentInitializer: "glorotNormal" });
    const frozen = tf.layers.dense({ units: 1, trainable: false });
    const wrapped = tf.layers.bidirectional({
      layer: rnn as unknown as Parameters<typeof tf.layers.bidirectional>[0]["layer"],
      mergeMode: "concat",
      inputShape: [3, 2],
    });
    const block = blockOf(tf.sequential({ layers: [wrapped, frozen] }));
    const names = block.layout.parameters.map(({ name }) => name);
    expect(names).toHaveLength(6);
    expect(names[0]).toBe("0.bidirectional.forward.cell.kernel");
    expect(names[5]).toBe("0.bidirectional.backward.cell.bias");
    expect(block.layout.statisticsLength).toBe(0);
    block.dispose();
  });

  test("disposes its model", async () => {
    expect(await tensorsLeftBy(() => blockOf(nestedModel()).dispose())).toBe(0);
  });
});
