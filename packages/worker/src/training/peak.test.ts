import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { peakTensorBytes } from "./peak.ts";

test("the peak is what was held at once, beside what there was before", async () => {
  const before = tf.memory().numBytes;
  const step = () => {
    for (const size of [10, 5]) tf.dispose(tf.tidy(() => tf.ones([size]).add(1).mul(2)));
    return [];
  };
  const peakBytes = await peakTensorBytes(async () => void step());
  const reference = await tf.profile(step);
  expect(peakBytes).toBe(reference.peakBytes);
  expect(peakBytes).toBeGreaterThanOrEqual(before + 3 * 40);
});

test("a step may have more kernels than a call has arguments", async () => {
  const one = tf.scalar(1);
  const { state } = tf.engine();
  const peakBytes = await peakTensorBytes(async () => {
    one.neg().dispose();
    const [kernel] = state.activeProfile.kernels;
    state.activeProfile.kernels.push(...new Array<typeof kernel & object>(100_000).fill(kernel!));
    state.activeProfile.kernels.push(...new Array<typeof kernel & object>(100_000).fill(kernel!));
  });
  expect(peakBytes).toBeGreaterThanOrEqual(8);
  one.dispose();
});

test("a step that throws ends the profile", async () => {
  const failing = peakTensorBytes(async () => {
    throw new Error("on purpose");
  });
  await expect(failing).rejects.toThrow("on purpose");
  expect(tf.engine().state.profiling).toBe(false);
});

test("a step without kernels holds what there was", async () => {
  expect(await peakTensorBytes(async () => {})).toBe(tf.memory().numBytes);
});
