// For tests: the same calculation on the cpu backend and on wasm with our kernels, compared. The cpu
// backend is the reference because tfjs tests its own kernels against it.

import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { expect } from "vitest";
import { chooseBackend } from "../src/backend/choose.ts";

/** Numbers in [-1, 1) by formula, different for each `salt`. Caller disposes. */
export function filled(shape: number[], salt = 0): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  for (let i = 0; i < values.length; i++) {
    values[i] = (((i + 1) * 7919 + salt * 104_729) % 2003) / 1001.5 - 1;
  }
  return tf.tensor(values, shape);
}

export interface Values {
  shape: number[];
  values: Float32Array;
}

/** Runs `calculate` on a backend, and expects it to leave nothing behind. */
export async function valuesOn(
  backend: "cpu" | "wasm",
  calculate: () => tf.Tensor | tf.Tensor[],
): Promise<Values[]> {
  if (tf.getBackend() !== backend) await chooseBackend(backend);
  if (backend === "wasm") dirtyHeap();
  const before = [tf.memory().numTensors, buffers()];
  const results = tf.tidy(() => [calculate()].flat());
  const values = results.map((result) => ({
    shape: result.shape,
    values: Float32Array.from(result.dataSync()),
  }));
  tf.dispose(results);
  expect([tf.memory().numTensors, buffers()]).toEqual(before);
  return values;
}

/** Leaves NaN in freed memory of many sizes, so that a kernel that takes new memory to be zero shows. */
function dirtyHeap(): void {
  tf.tidy(() => {
    for (let size = 1; size <= 8192; size = Math.ceil(size * 1.3)) {
      for (let copies = 0; copies < 3; copies++)
        tf.tensor1d(new Float32Array(size).fill(Number.NaN));
    }
  });
}

function buffers(): number {
  return tf.getBackend() === "wasm" ? (tf.backend() as BackendWasm).numDataIds() : 0;
}

/** Expects results on wasm within 1e-5 of the largest magnitude of those on the cpu backend. */
export async function expectSameOnWasm(calculate: () => tf.Tensor | tf.Tensor[]): Promise<void> {
  const reference = await valuesOn("cpu", calculate);
  const found = await valuesOn("wasm", calculate);
  expect(found.map(({ shape }) => shape)).toEqual(reference.map(({ shape }) => shape));
  reference.forEach(({ values }, i) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = found[i]!.values.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - values[at]!)),
      0,
    );
    // A NaN fails, as no comparison with it is true.
    expect(worst <= 1e-5 * largest, `off by ${worst} at magnitude ${largest}`).toBe(true);
  });
}
