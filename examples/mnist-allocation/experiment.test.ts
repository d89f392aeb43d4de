import * as tf from "@tensorflow/tfjs";
import { loadSnapshot } from "@trunkline/coordinator";
import {
  allocationOf,
  type PreparedExperiment,
  plainModel,
  predict,
  type RunEventOf,
  resolveExperiment,
} from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { beforeAll, describe, expect, test } from "vitest";
import { filesOf, prepared, trainCluster } from "../../test/support/cluster.ts";
import experiment from "./experiment.ts";
import { rotated } from "./rotate.ts";
import { isRotated } from "./tasks.ts";

const open = filesOf(import.meta.dirname);
const tasks = Object.keys(isRotated);
const small = { size: "160", testSize: "40", epochs: "1" };

/** Parameters of a component, by layer, and of a head on 3 x 3 x 4 features. */
const componentSizes = [5 * 5 * 4 + 4, 3 * 3 * 4 * 4 + 4, 3 * 3 * 4 * 4 + 4];
const headSize = 36 * 10 + 10;
const fullSize = 4 * sum(componentSizes) + headSize;

beforeAll(async () => {
  await chooseBackend("wasm");
});

test("copies have the same digits, and the turned ones are the plain ones turned", async () => {
  const { ready } = await prepared(experiment, { size: "20", testSize: "8" }, open);
  const everything = { epoch: 0, training: false, draw: undefined as never };
  const splits = (task: string) => ready.sourceOf(task).splits;
  for (const split of ["train", "validation", "test"] as const) {
    const { size } = splits("plain")[split]!;
    expect(size).toBe({ train: 20, validation: 2, test: 8 }[split]);
    const read = (task: string) => splits(task)[split]!.batch([...Array(size).keys()], everything);
    const [plain, copy, turned, turnedCopy] = await Promise.all(tasks.map(read));
    const bytes = plain!.inputs.map((pixel) => Math.round(255 * pixel));
    const expected = rotated(Uint8Array.from(bytes), 28);
    expect(turned!.inputs.map((pixel) => Math.round(255 * pixel))).toEqual(
      Float32Array.from(expected),
    );
    expect(copy!.inputs).toEqual(plain!.inputs);
    expect(turnedCopy!.inputs).toEqual(turned!.inputs);
    expect(turned!.labels.rotated).toEqual(plain!.labels.plain);
  }
  ready.network.dispose();
});

test("no task has a start over another", async () => {
  const { ready } = await prepared(experiment, small, open);
  const probabilities = tasks.flatMap((task) =>
    allocationOf(ready.network, task).flatMap((layer) => layer.probabilities),
  );
  expect(probabilities).toEqual(Array(4 * 12).fill(0.5));
  ready.network.dispose();
});

describe("a little training", () => {
  let ready: PreparedExperiment;
  let told: RunEventOf<"allocation">;

  beforeAll(async () => {
    const { result, last, events } = await trainCluster(experiment, { set: small, open });
    expect(result.status).toBe("finished");
    told = events.findLast((event) => event.type === "allocation")!;
    ({ ready } = await prepared(experiment, small, open));
    loadSnapshot(last!, ready.network);
    return () => ready.network.dispose();
  });

  test("moves every task's probabilities, and the events tell them", () => {
    for (const task of tasks) {
      const layers = allocationOf(ready.network, task);
      expect(told.tasks[task]!.probabilities).toEqual(layers.map((layer) => layer.probabilities));
      expect(layers.flatMap((layer) => layer.probabilities)).not.toContain(0.5);
    }
  });

  test.each(tasks)("the model of %s has its components alone, and predicts the same", (task) => {
    const model = plainModel(ready.network, [task]);
    const used = allocationOf(ready.network, task).map(({ active }) => active.filter(Boolean));
    expect(model.countParams()).toBe(
      headSize + sum(used.map(({ length }, layer) => length * componentSizes[layer]!)),
    );
    expect(model.countParams()).toBeLessThan(fullSize);
    const [found, expected] = tf.tidy(() => {
      const x = tf.randomUniform([20, 28, 28, 1], 0, 1, "float32", 1);
      const plain = model.predict(x) as tf.Tensor;
      return [plain.dataSync(), predict(ready.network, task, x).dataSync()];
    });
    expect(found).toEqual(expected);
    model.dispose();
  });
});

test.each([
  ["noSharing", 0],
  ["sharedBottom", 1],
])("%s trains, and tasks agree by %d", async (baseline, cosine) => {
  const { result, events } = await trainCluster(experiment, { set: { ...small, baseline }, open });
  expect(result.status).toBe("finished");
  const { cosines } = events.findLast((event) => event.type === "allocation")!;
  const others = cosines.flatMap((row, i) => row.filter((_, j) => i !== j));
  for (const found of others) expect(found).toBeCloseTo(cosine, 12);
});

test("tasks can move the trunk together, too", async () => {
  const { result } = await trainCluster(experiment, { set: { ...small, mode: "summed" }, open });
  expect(result.updates).toEqual({
    trunk: 10,
    heads: Object.fromEntries(tasks.map((t) => [t, 10])),
  });
});

test.each([
  [{ baseline: "learnt" }, /`baseline` should be learned or noSharing or sharedBottom/],
  [{ mode: "together" }, /routing.mode/],
  [{ budget: "2" }, /routing.budget/],
  [{ size: "60000" }, /`size` should be a whole number from 10 to 54000/],
  [{ testSize: "0" }, /`testSize` should be/],
])("%o is refused", (set, message) => {
  expect(() => resolveExperiment(experiment, { set })).toThrow(message);
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
