import { expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { arrayDataset } from "./array-dataset.ts";
import type { Batch, Dataset } from "./dataset.ts";
import { fitStandardisation, standardised } from "./standardise.ts";

const context = { epoch: 0, training: false, draw: drawsFor({ seed: 0, purpose: "test" }) };
const datasetOf = (inputs: Float32Array, inputShape: number[]) =>
  arrayDataset({ inputs, inputShape, labels: {} });

test("mean and population deviation are per feature of the last axis", async () => {
  // Two samples of shape [2, 2]; feature 0 is 1, 3, 5, 7 and feature 1 is 10, 10, 10, 10.
  const dataset = arrayDataset({
    inputs: Float32Array.of(1, 10, 3, 10, 5, 10, 7, 10),
    inputShape: [2, 2],
    labels: {},
  });
  const { mean, deviation } = await fitStandardisation(dataset);
  expect(mean).toEqual(Float32Array.of(4, 10));
  expect(deviation).toEqual(Float32Array.of(Math.sqrt(5), 1));
  const batch = standardised(dataset, { mean, deviation }).batch([1], context) as Batch;
  const root = Math.fround(Math.sqrt(5));
  expect(batch.inputs).toEqual(Float32Array.of(1 / root, 0, 3 / root, 0));
});

test("a large mean does not spoil a small deviation, over many chunks", async () => {
  // 20000 samples are five chunks; the deviation of a uniform grid over [0, 1) is 1 / sqrt(12).
  const inputs = Float32Array.from({ length: 20000 }, (_, i) => 4096 + ((i * 7919) % 1024) / 1024);
  const { mean, deviation } = await fitStandardisation(datasetOf(inputs, [1]));
  expect(mean[0]).toBeCloseTo(4096.5, 2);
  expect(deviation[0]).toBeCloseTo(1 / Math.sqrt(12), 3);
});

test("a feature that does not vary is left at 0, not divided by rounding errors", async () => {
  const inputs = new Float32Array(9001).fill(0.1);
  const fitted = await fitStandardisation(datasetOf(inputs, [1]));
  expect(fitted).toEqual({ mean: Float32Array.of(0.1), deviation: Float32Array.of(1) });
});

test("standardised train inputs have zero mean and unit variance", async () => {
  const draw = drawsFor({ seed: 5, purpose: "test" });
  const inputs = Float32Array.from({ length: 6000 }, (_, i) => 3 * i + 50 * draw.normal());
  const dataset = datasetOf(inputs, [3]);
  const again = await fitStandardisation(standardised(dataset, await fitStandardisation(dataset)));
  for (const mean of again.mean) expect(mean).toBeCloseTo(0, 6);
  for (const deviation of again.deviation) expect(deviation).toBeCloseTo(1, 6);
});

test("datasets that answer later are standardised too, and labels never", async () => {
  const memory = arrayDataset({ inputs: [[2], [4]], labels: { y: [5, 6] } });
  const later: Dataset = {
    ...memory,
    batch: async (indices, given) => memory.batch(indices, given),
  };
  const values = { mean: Float32Array.of(2), deviation: Float32Array.of(4) };
  expect(await standardised(later, values).batch([1, 0], context)).toEqual({
    inputs: Float32Array.of(0.5, 0),
    labels: { y: Float32Array.of(6, 5) },
  });
});
