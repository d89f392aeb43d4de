import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { captureStatistics } from "./batch-norm.ts";
import { blockOf } from "./block.ts";
import { distance, numbers, tensorsLeftBy } from "./test-networks.ts";

const momentum = 0.9;

function normalised(): tf.Sequential {
  return tf.sequential({ layers: [tf.layers.batchNormalization({ momentum, inputShape: [2] })] });
}

function train(model: tf.LayersModel, x: tf.Tensor): void {
  tf.dispose(model.apply(x, { training: true }) as tf.Tensor);
}

test("a training pass proposes what tfjs would have written, and writes nothing", async () => {
  const model = normalised();
  const block = blockOf(model);
  const x = numbers([5, 2]);
  const before = block.readStatistics();
  const left = await tensorsLeftBy(() => {
    const { proposals } = captureStatistics([block], () => train(model, x));
    expect(block.readStatistics()).toEqual(before);
    const proposed = proposals[0]!.flatMap((proposal) => [...proposal.dataSync()]);
    tf.dispose(proposals[0]!);
    train(model, x);
    expect(Float32Array.from(proposed)).toEqual(block.readStatistics());
    expect(proposed).not.toEqual([...before]);
  });
  expect(left).toBe(0);
  x.dispose();
  block.dispose();
});

test("the proposal is momentum times the old mean plus the rest of the batch's", () => {
  const model = normalised();
  const block = blockOf(model);
  const x = tf.tensor2d([1, 10, 3, 30], [2, 2]);
  block.writeStatistics(Float32Array.of(4, 5, 1, 1));
  const { proposals } = captureStatistics([block], () => train(model, x));
  // Means 2 and 20, variances 1 and 100 (over the batch, not one less).
  const expected = [0.9 * 4 + 0.1 * 2, 0.9 * 5 + 0.1 * 20, 0.9 + 0.1 * 1, 0.9 + 0.1 * 100];
  const proposed = proposals[0]!.flatMap((proposal) => [...proposal.dataSync()]);
  expect(distance(proposed, expected)).toBeLessThan(1e-5);
  tf.dispose([x, ...proposals[0]!]);
  block.dispose();
});

test("a layer that runs twice in a pass builds on its own proposal", () => {
  const model = normalised();
  const block = blockOf(model);
  const [x, y] = [numbers([4, 2], 1), numbers([4, 2], 2)];
  const both = () => {
    train(model, x);
    train(model, y);
  };
  const { proposals } = captureStatistics([block], both);
  const proposed = proposals[0]!.flatMap((proposal) => [...proposal.dataSync()]);
  both();
  expect(Float32Array.from(proposed)).toEqual(block.readStatistics());
  tf.dispose([x, y, ...proposals[0]!]);
  block.dispose();
});

test("a pass in inference mode proposes the statistics as they are; no statistics, no proposal", () => {
  const model = normalised();
  const dense = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const blocks = [blockOf(model), blockOf(dense)];
  const { proposals } = captureStatistics(blocks, () => undefined);
  expect(proposals[0]!.map((proposal) => proposal.arraySync())).toEqual([
    [0, 0],
    [1, 1],
  ]);
  expect(proposals[1]).toBeNull();
  tf.dispose(proposals[0]!);
  for (const block of blocks) block.dispose();
});

test("a throw inside leaves no tensor and gives the layers their writing back", async () => {
  const model = normalised();
  const block = blockOf(model);
  const x = numbers([5, 2]);
  const left = await tensorsLeftBy(() => {
    const failing = () => {
      train(model, x);
      throw new Error("after the pass");
    };
    expect(() => captureStatistics([block], failing)).toThrow("after the pass");
  });
  expect(left).toBe(0);
  const before = block.readStatistics();
  train(model, x);
  expect(block.readStatistics()).not.toEqual(before);
  x.dispose();
  block.dispose();
});
