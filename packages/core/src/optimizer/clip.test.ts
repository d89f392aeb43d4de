import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  clipByGlobalNorm,
  clipByValue,
  clipTensorsByGlobalNorm,
  clipTensorsByValue,
  globalNorm,
} from "./clip.ts";

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

/** Clips on the device as two gradients, `[n]` and `[1]`; gives one array. */
function onDevice(
  values: Float32Array,
  clip: (gradients: readonly tf.Tensor[]) => tf.Tensor[],
): Float32Array {
  return tf.tidy(() => {
    const parts = [tf.tensor1d(values.slice(0, -1)), tf.tensor1d(values.slice(-1))];
    return Float32Array.from(clip(parts).flatMap((part) => [...part.dataSync()]));
  });
}

test("clipping by value cuts each component, on both forms", () => {
  const gradient = Float32Array.of(-3, -0.5, 0, 2, Number.NaN);
  const wanted = Float32Array.of(-1, -0.5, 0, 1, Number.NaN);
  expect(onDevice(gradient, (parts) => clipTensorsByValue(parts, 1))).toEqual(wanted);
  clipByValue(gradient, 1);
  expect(gradient).toEqual(wanted);
});

test("clipping by norm keeps the direction and gives the norm before", () => {
  const gradient = Float32Array.of(3, 0, -4);
  expect(clipByGlobalNorm(gradient, 1)).toBe(5);
  expect([...gradient]).toEqual([Math.fround(0.6), 0, Math.fround(-0.8)]);
});

test("a gradient within the limit keeps its bits, the zero gradient too", () => {
  for (const values of [
    [3, 0, -4],
    [0, 0, 0],
  ]) {
    const gradient = Float32Array.from(values);
    clipByGlobalNorm(gradient, 5);
    expect([...gradient]).toEqual(values);
    const device = onDevice(gradient, (parts) => clipTensorsByGlobalNorm(parts, 5));
    expect([...device]).toEqual(values);
  }
});

test("the norm after is the smaller of norm and limit, on both forms", () => {
  const component = fc.float({ min: -1000, max: 1000, noNaN: true, noDefaultInfinity: true });
  const values = fc.float32Array({
    minLength: 2,
    maxLength: 9,
    noNaN: true,
    min: -1000,
    max: 1000,
  });
  fc.assert(
    fc.property(values, component, (gradient, size) => {
      const limit = Math.abs(size) + 1e-3;
      const wanted = Math.min(limit, globalNorm(gradient));
      const device = onDevice(gradient, (parts) => clipTensorsByGlobalNorm(parts, limit));
      expect(Math.abs(globalNorm(device) - wanted)).toBeLessThanOrEqual(1e-5 * wanted + 1e-15);
      clipByGlobalNorm(gradient, limit);
      expect(Math.abs(globalNorm(gradient) - wanted)).toBeLessThanOrEqual(1e-6 * wanted + 1e-15);
    }),
  );
});

test("what is not finite stays visible", () => {
  const broken = Float32Array.of(1, Number.NaN);
  expect(clipByGlobalNorm(broken, 1)).toBeNaN();
  expect([...broken]).toEqual([1, Number.NaN]);
  const infinite = Float32Array.of(1, Number.POSITIVE_INFINITY);
  expect(clipByGlobalNorm(infinite, 1)).toBe(Number.POSITIVE_INFINITY);
  expect([...infinite]).toEqual([1, Number.POSITIVE_INFINITY]);
  const device = onDevice(broken, (parts) => clipTensorsByGlobalNorm(parts, 1));
  expect([...device]).toEqual([Number.NaN, Number.NaN]);
});

test("a head without parameters has nothing to clip", () => {
  expect(clipTensorsByGlobalNorm([], 1)).toEqual([]);
  expect(clipTensorsByValue([], 1)).toEqual([]);
});

test("the norm is summed in double precision", () => {
  expect(globalNorm(Float32Array.of(1e30, 1e30))).toBeCloseTo(Math.SQRT2 * Math.fround(1e30), -16);
});
