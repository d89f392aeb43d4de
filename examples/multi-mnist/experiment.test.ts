import { type DataContext, idxArray, resolveExperiment, type Splits } from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { beforeAll, describe, expect, test } from "vitest";
import { filesOf, trainCluster } from "../../test/support/cluster.ts";
import { digitFile } from "./digits.ts";
import experiment from "./experiment.ts";

const open = filesOf(import.meta.dirname);
const resolved = (set: Record<string, string>) => resolveExperiment(experiment, { set }).settings;

/** The splits that a launch with these overrides trains on. */
async function splitsOf(set: Record<string, string>, opener: DataContext["open"] = open) {
  const { data, seed } = resolved(set);
  return (data as (context: DataContext) => Promise<Splits>)({ seed, open: opener });
}

describe("data", () => {
  const small = { trainSize: "40", testSize: "20", tasks: "8" };
  const everything = { epoch: 0, training: false, draw: undefined as never };
  const batch = ({ train, test }: Splits) => ({
    train: train.batch([...Array(train.size).keys()], everything),
    test: test!.batch([...Array(test!.size).keys()], everything),
  });

  test("has the sizes that were asked for, pixels from 0 to 1, and labels of all tasks", async () => {
    const splits = await splitsOf(small);
    expect([splits.train.size, splits.test?.size]).toEqual([40, 20]);
    expect(splits.train.inputShape).toEqual([36 * 36]);
    const { inputs, labels } = await batch(splits).train;
    expect(inputs).toHaveLength(40 * 36 * 36);
    expect(inputs.reduce((most, pixel) => Math.max(most, pixel))).toBeCloseTo(1, 6);
    expect(Object.keys(labels)).toEqual(Object.keys(resolved(small).tasks));
    const { left, right, sum } = labels;
    expect(sum).toEqual(left!.map((l, n) => l + right![n]!));
  });

  test("is the same for one seed and another for another", async () => {
    const first = await batch(await splitsOf(small)).train;
    expect(await batch(await splitsOf(small)).train).toEqual(first);
    expect(await batch(await splitsOf({ ...small, seed: "1" })).train).not.toEqual(first);
  });

  test("opens the training files for train only, and the test files for test only", async () => {
    // All training pixels are made 51 and all test pixels 102: fifths of the scale.
    const painted: DataContext["open"] = (path) => {
      const source = open(path);
      if (!path.includes("images")) return source;
      const value = path.includes("t10k") ? 102 : 51;
      const read = async (offset: number, length: number) =>
        offset < 16 ? source.read(offset, length) : new Uint8Array(length).fill(value);
      return { ...source, read };
    };
    const batches = batch(await splitsOf(small, painted));
    const shades = async (split: "train" | "test") => new Set((await batches[split]).inputs);
    expect(await shades("train")).toEqual(new Set([0, Math.fround(0.2)]));
    expect(await shades("test")).toEqual(new Set([0, Math.fround(0.4)]));
  });

  test("shows the digits that its labels name", async () => {
    // Without jitter the left digit's upper rows are alone on the canvas.
    const { inputs, labels } = await batch(await splitsOf({ ...small, jitter: "0" })).test;
    const images = await idxArray(open(digitFile("t10k-images-idx3-ubyte")));
    const digits = await idxArray(open(digitFile("t10k-labels-idx1-ubyte")));
    const tops = new Map<string, number>();
    for (let d = 0; d < digits.values.length; d++) {
      tops.set(String(images.values.slice(d * 784, d * 784 + 8 * 28)), digits.values[d]!);
    }
    for (let n = 0; n < 20; n++) {
      const rows = Array.from({ length: 8 }, (_, row) => {
        const start = n * 1296 + row * 36;
        return [...inputs.subarray(start, start + 28)].map((pixel) => Math.round(pixel * 255));
      });
      const found = tops.get(String(rows.flat()));
      expect(found).toBe(labels.left![n]);
    }
  });
});

describe("options", () => {
  test("one to eight tasks have heads with an output per class", () => {
    expect(Object.keys(resolved({}).tasks)).toEqual(["left", "right"]);
    expect(Object.keys(resolved({ tasks: "8" }).tasks)).toHaveLength(8);
    expect(resolved({ tasks: "8" }).tasks.sum?.loss).toBe("softmaxCrossEntropy");
    expect(resolved({ tasks: "8" }).tasks.same?.loss).toBe("sigmoidCrossEntropy");
  });

  test.each([
    [{ tasks: "9" }, /`tasks` should be a whole number from 1 to 8. Found 9/],
    [{ tasks: "0" }, /`tasks` should be/],
    [{ jitter: "9" }, /`jitter` should be a whole number from 0 to 8. Found 9/],
    [{ trainSize: "1" }, /`trainSize` should be/],
  ])("%o is refused", (set, message) => {
    expect(() => resolved(set)).toThrow(message);
  });
});

describe("training", () => {
  beforeAll(async () => {
    await chooseBackend("wasm");
  });

  test("a little of it beats guessing, on both digits", async () => {
    const set = { trainSize: "2000", testSize: "300", epochs: "4", width: "64", batchSize: "64" };
    const { result } = await trainCluster(experiment, { set, open });
    expect(result.status).toBe("finished");
    expect(result.tasks.left?.metrics.accuracy).toBeGreaterThan(0.3);
    expect(result.tasks.right?.metrics.accuracy).toBeGreaterThan(0.3);
  });

  test("all eight tasks train on two workers", async () => {
    const set = { tasks: "8", trainSize: "100", testSize: "50", epochs: "2", width: "16" };
    const { result } = await trainCluster(experiment, { set, open, workers: 2 });
    expect(result.status).toBe("finished");
    expect(Object.keys(result.tasks)).toHaveLength(8);
  });
});
