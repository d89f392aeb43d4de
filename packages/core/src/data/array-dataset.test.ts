import { describe, expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { type ArrayDatasetOptions, arrayDataset } from "./array-dataset.ts";
import type { Batch } from "./dataset.ts";

const context = { epoch: 0, training: false, draw: drawsFor({ seed: 0, purpose: "test" }) };
const batchOf = (options: ArrayDatasetOptions, indices: number[]) =>
  arrayDataset(options).batch(indices, context) as Batch;

describe("a dataset in memory", () => {
  test("gives the rows asked for, in that order, with their labels and weights", () => {
    const options = {
      inputs: Uint8Array.of(0, 1, 10, 11, 20, 21),
      inputShape: [2],
      labels: { left: [0, 1, 2], box: { values: [1, 2, 3, 4, 5, 6], shape: [3, 2] } },
      sampleWeights: { left: Float64Array.of(1, 0.5, 2) },
    };
    expect(batchOf(options, [2, 0, 2])).toEqual({
      inputs: Float32Array.of(20, 21, 0, 1, 20, 21),
      labels: { left: Float32Array.of(2, 0, 2), box: Float32Array.of(5, 6, 1, 2, 5, 6) },
      sampleWeights: { left: Float32Array.of(2, 1, 2) },
    });
    const { size, inputShape, labelShapes } = arrayDataset(options);
    expect({ size, inputShape, labelShapes }).toEqual({
      size: 3,
      inputShape: [2],
      labelShapes: { left: [], box: [2] },
    });
  });

  test("scales rows of any width", () => {
    const widths = [1, 7, 8, 9, 16, 21];
    for (const width of widths) {
      const inputs = Uint8Array.from({ length: 2 * width }, (_, i) => i + 1);
      const options = { inputs, inputShape: [width], labels: {}, scale: 0.1 };
      expect(batchOf(options, [0, 1]).inputs).toEqual(
        Float32Array.from(inputs, (value) => value * 0.1),
      );
    }
  });

  test("multiplies inputs by the scale, and only inputs", () => {
    const inputs = Uint8Array.of(0, 51, 255);
    const options = { inputs, inputShape: [1], labels: { y: inputs }, scale: 1 / 255 };
    const batch = batchOf(options, [0, 1, 2]);
    expect([...batch.inputs]).toEqual([0, Math.fround(0.2), 1]);
    expect([...batch.labels.y!]).toEqual([0, 51, 255]);
    expect(batch.sampleWeights).toBeUndefined();
  });

  test("takes rows as nested arrays and keeps missing labels", () => {
    const nested = [[1, 2, 3] as const, [4, 5, 6] as const];
    const options = { inputs: nested, labels: { y: [Number.NaN, 1] } };
    expect(arrayDataset(options).inputShape).toEqual([3]);
    expect(batchOf(options, [1, 0])).toEqual({
      inputs: Float32Array.of(4, 5, 6, 1, 2, 3),
      labels: { y: Float32Array.of(1, Number.NaN) },
    });
  });

  test("takes whole arrays with a shape, and another shape of the same rows", () => {
    const inputs = { shape: [2, 2, 2], values: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    expect(arrayDataset({ inputs, labels: {} }).inputShape).toEqual([2, 2]);
    expect(arrayDataset({ inputs, inputShape: [2, 2, 1], labels: {} }).inputShape).toEqual([
      2, 2, 1,
    ]);
    expect([...batchOf({ inputs, labels: {} }, [1]).inputs]).toEqual([5, 6, 7, 8]);
  });

  test("gives arrays that are the caller's own", () => {
    const inputs = Float32Array.of(1, 2);
    const batch = batchOf({ inputs, inputShape: [1], labels: { y: inputs } }, [0, 1]);
    batch.inputs.fill(9);
    batch.labels.y!.fill(9);
    expect([...inputs]).toEqual([1, 2]);
  });
});

describe("arrays that do not fit are refused", () => {
  const eight = new Float32Array(8);
  test.each<[string, ArrayDatasetOptions, RegExp]>([
    ["no input shape", { inputs: eight, labels: {} }, /inputShape.*given/],
    ["rows cut off", { inputs: eight, inputShape: [3], labels: {} }, /whole rows of 3 values/],
    ["ragged rows", { inputs: [[1, 2], [3]], labels: {} }, /inputs\[1\].*2 values long. Found 1/],
    [
      "few labels",
      { inputs: eight, inputShape: [4], labels: { y: [1] } },
      /labels\.y.*rows.*2\. Found 1/,
    ],
    [
      "many weights",
      { inputs: eight, inputShape: [4], labels: {}, sampleWeights: { y: [1, 1, 1] } },
      /sampleWeights\.y/,
    ],
    [
      "a wrong label shape",
      { inputs: eight, inputShape: [4], labels: { y: { values: [1, 2], shape: [2, 2] } } },
      /labels\.y\.shape/,
    ],
    [
      "an input shape of another size",
      { inputs: { shape: [2, 4], values: eight }, inputShape: [5], labels: {} },
      /inputShape/,
    ],
  ])("%s", (_, options, message) => {
    expect(() => arrayDataset(options)).toThrow(message);
  });

  test("all mistakes are told at once", () => {
    const options = { inputs: eight, inputShape: [4], labels: { a: [1], b: [1, 2], c: [] } };
    expect(() => arrayDataset(options)).toThrow(
      expect.objectContaining({ problems: [{}, {}].map(() => expect.anything()) }),
    );
  });
});
