import fc from "fast-check";
import { expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { arrayDataset } from "./array-dataset.ts";
import type { Batch, Dataset } from "./dataset.ts";
import { completeSplits } from "./splits.ts";

const draw = drawsFor({ seed: 0, purpose: "test" });

/** Sample i has the input i. */
const counting = (size: number) => {
  const inputs = Float32Array.from({ length: size }, (_, i) => i);
  return arrayDataset({ inputs, inputShape: [1], labels: {} });
};
const samples = (dataset: Dataset) => {
  const all = Array.from({ length: dataset.size }, (_, i) => i);
  return [...(dataset.batch(all, { epoch: 0, training: false, draw }) as Batch).inputs];
};

test("a drawn validation split and the rest of train are all of train, once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), (size, seed) => {
      const { train, validation } = completeSplits({ train: counting(size) }, { seed });
      expect(validation.size).toBe(Math.max(1, Math.floor(size / 10)));
      const both = [...samples(train), ...samples(validation)];
      expect(both.sort((a, b) => a - b)).toEqual(samples(counting(size)));
    }),
  );
});

test("the draw depends on seed and task, and on nothing else", () => {
  const drawn = (seed: number, task?: string) =>
    samples(
      completeSplits({ train: counting(200) }, { seed, ...(task && { task }) }).validation,
    ).join();
  expect(drawn(1)).toBe(drawn(1));
  expect(new Set([drawn(1), drawn(2), drawn(1, "left"), drawn(1, "right")]).size).toBe(4);
});

test("splits that are given stay as they are", () => {
  const given = { train: counting(3), validation: counting(2), test: counting(1) };
  const complete = completeSplits(given, { seed: 0 });
  expect(complete).toEqual({ ...given, standardise: false });
  expect(complete.train).toBe(given.train);
  expect("test" in completeSplits({ train: counting(5) }, { seed: 0 })).toBe(false);
});

test("one sample cannot be divided", () => {
  const divide = () => completeSplits({ train: counting(1) }, { seed: 0, task: "left" });
  expect(divide).toThrow(/tasks\.left\.data\.train: .*1 sample\b/);
});
