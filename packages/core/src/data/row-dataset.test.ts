import { expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { type ByteSource, bytesOf } from "./byte-source.ts";
import { idxFile } from "./idx.ts";
import { rowDataset } from "./row-dataset.ts";

const context = { epoch: 0, training: false, draw: drawsFor({ seed: 0, purpose: "test" }) };

/** An IDX file of bytes; `shape` below 256 in each axis. */
const idxBytes = (name: string, shape: number[], values: number[]): ByteSource => {
  const lengths = shape.flatMap((length) => [0, 0, 0, length]);
  return bytesOf(name, Uint8Array.from([0, 0, 8, shape.length, ...lengths, ...values]));
};

const files = async () => ({
  inputs: await idxFile(idxBytes("x", [3, 2], [0, 51, 102, 153, 204, 255])),
  labels: { digit: await idxFile(idxBytes("y", [3], [7, 8, 9])) },
});

test("batches are read from the files by row, inputs scaled", async () => {
  const dataset = rowDataset({ ...(await files()), scale: 1 / 255 });
  expect([dataset.size, dataset.inputShape, dataset.labelShapes]).toEqual([3, [2], { digit: [] }]);
  const batch = await dataset.batch([2, 0, 2], context);
  expect(batch).toEqual({
    inputs: Float32Array.of(0.8, 1, 0, 0.2, 0.8, 1),
    labels: { digit: Float32Array.of(9, 7, 9) },
  });
});

test("sample weights come along where there are any", async () => {
  const weight = await idxFile(idxBytes("w", [3], [1, 2, 3]));
  const dataset = rowDataset({ ...(await files()), sampleWeights: { digit: weight } });
  expect(await dataset.batch([1], context)).toMatchObject({
    sampleWeights: { digit: Float32Array.of(2) },
  });
});

test("files of unequal length are refused", async () => {
  const short = await idxFile(idxBytes("y", [2], [7, 8]));
  const { inputs } = await files();
  expect(() => rowDataset({ inputs, labels: { digit: short } })).toThrow(
    /labels\.digit.*3 rows.*Found 2/,
  );
});
