// Clipping on the backend that most workers run on; core's own tests run it on tfjs's CPU backend.

import * as tf from "@tensorflow/tfjs";
import { clipTensorsByGlobalNorm, clipTensorsByValue } from "@trunkline/core";
import { expect, test } from "vitest";
import { chooseBackend } from "../src/index.ts";

test.each([
  ["value", clipTensorsByValue, [1, Number.NaN, 0.5, -1]],
  ["norm", clipTensorsByGlobalNorm, [Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
] as const)("NaN stays visible on wasm when clipping by %s", async (_, clip, wanted) => {
  await chooseBackend("wasm");
  const before = tf.memory().numTensors;
  const gradients = [tf.tensor1d([3, Number.NaN]), tf.tensor1d([0.5, -2])];
  const clipped = clip(gradients, 1);
  expect(clipped.flatMap((part) => [...part.dataSync()])).toEqual(wanted);
  tf.dispose([...gradients, ...clipped]);
  expect(tf.memory().numTensors).toBe(before);
});

test("a zero gradient stays zero on wasm", async () => {
  await chooseBackend("wasm");
  tf.tidy(() => {
    const [clipped] = clipTensorsByGlobalNorm([tf.zeros([2])], 1);
    expect([...clipped!.dataSync()]).toEqual([0, 0]);
  });
});
