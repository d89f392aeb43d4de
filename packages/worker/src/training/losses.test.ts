import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { LossSums } from "./losses.ts";

const losses = (values: Record<string, number>) =>
  new Map(Object.entries(values).map(([task, value]) => [task, tf.scalar(value)]));

test("means are over the steps since the last reset, and nothing stays on the device", async () => {
  const before = tf.memory().numTensors;
  const sums = new LossSums();
  sums.add(losses({ left: 1, right: 4 }));
  sums.add(losses({ left: 2, right: 8 }));
  expect(await sums.means()).toEqual({ left: 1.5, right: 6 });
  sums.reset();
  sums.add(losses({ left: 5 }));
  expect(await sums.means()).toEqual({ left: 5 });
  sums.reset();
  expect(await sums.means()).toEqual({});
  expect(tf.memory().numTensors).toBe(before);
});

test("a loss that was not finite once is found in the mean and names its task", async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const sums = new LossSums();
    for (const right of [1, bad, 1]) sums.add(losses({ left: 1, right }));
    await expect(sums.means()).rejects.toThrow(
      expect.objectContaining({ code: "run/not-finite", details: { task: "right", loss: bad } }),
    );
    sums.reset();
  }
});
