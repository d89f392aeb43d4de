import { describe, expect, test } from "vitest";
import { arrayDataset } from "./array-dataset.ts";
import { dataFingerprintBytes } from "./fingerprint.ts";

const dataset = (size: number, change: Record<number, number> = {}) => {
  const inputs = Float32Array.from({ length: size }, (_, i) => change[i] ?? i);
  return arrayDataset({ inputs, inputShape: [1], labels: { b: inputs, a: [...inputs] } });
};
const text = async (splits: Parameters<typeof dataFingerprintBytes>[0]) =>
  [...(await dataFingerprintBytes(splits))].join();

describe("the bytes that stand for data", () => {
  test("are a description, then little-endian rows", async () => {
    const train = arrayDataset({
      inputs: [[1.5, -2]],
      labels: { z: [7], a: [Number.NaN] },
      sampleWeights: { z: [0.5] },
    });
    const bytes = await dataFingerprintBytes({ train });
    const json = '["train",1,[2],[["a",[]],["z",[]]]]\n';
    expect(new TextDecoder().decode(bytes.subarray(0, json.length))).toBe(json);
    // 1.5, -2; labels a (NaN) and z (7); weight 0.5.
    const floats = [0x3fc00000, 0xc0000000, 0x7fc00000, 0x40e00000, 0x3f000000];
    const littleEndian = floats.flatMap((word) => [0, 8, 16, 24].map((at) => (word >>> at) & 0xff));
    expect([...bytes.subarray(json.length)]).toEqual(littleEndian);
  });

  test("are equal for equal data", async () => {
    const splits = { train: dataset(1000), validation: dataset(10) };
    expect(await text(splits)).toBe(await text({ ...splits, train: dataset(1000) }));
  });

  test("sample 512 rows from first to near the last", async () => {
    const bytes = await dataFingerprintBytes({ train: dataset(5120) });
    const rows = bytes.subarray(bytes.indexOf(10) + 1);
    expect(rows.length).toBe(3 * 512 * 4);
    const view = new DataView(rows.buffer, rows.byteOffset);
    expect([0, 1, 511].map((row) => view.getFloat32(4 * row, true))).toEqual([0, 10, 5110]);
  });

  test("differ in sizes, values, names and which split it is", async () => {
    const train = dataset(600);
    const others = [
      { train },
      { train: dataset(601) },
      { train: dataset(600, { 0: 5 }) },
      { train, validation: dataset(9) },
      { train, test: dataset(9) },
      { train: { ...train, labelShapes: { a: [], c: [] } } },
    ];
    expect(new Set(await Promise.all(others.map(text))).size).toBe(others.length);
  });
});
