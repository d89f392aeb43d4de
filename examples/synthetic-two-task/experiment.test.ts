import { drawsFor } from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { beforeAll, describe, expect, test } from "vitest";
import { prepared, trainCluster } from "../../test/support/cluster.ts";
import experiment from "./experiment.ts";
import { pointsDataset } from "./points.ts";

const context = { epoch: 0, training: false, draw: undefined as never };

describe("points", () => {
  const points = (seed = 1) => pointsDataset(4000, drawsFor({ seed, purpose: "points" }));
  const all = [...Array(4000).keys()];

  test("fill the square, and the labels say which of them are inside", async () => {
    const { inputs, labels } = await points().batch(all, context);
    const shares = { disc: 0, diamond: 0 };
    for (const n of all) {
      const [x, y] = [inputs[2 * n]!, inputs[2 * n + 1]!];
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(1);
      expect(labels.disc![n]).toBe(Number(x * x + y * y <= 0.25));
      expect(labels.diamond![n]).toBe(Number(Math.abs(x) + Math.abs(y) <= 1));
      shares.disc += labels.disc![n]! / 4000;
      shares.diamond += labels.diamond![n]! / 4000;
    }
    // Areas over the square's 4, within four standard deviations of a share of 4000 points.
    expect(Math.abs(shares.disc - Math.PI / 16)).toBeLessThan(0.026);
    expect(Math.abs(shares.diamond - 0.5)).toBeLessThan(0.032);
  });

  test("are a function of the seed", async () => {
    const first = await points().batch(all, context);
    expect(await points().batch(all, context)).toEqual(first);
    expect(await points(2).batch(all, context)).not.toEqual(first);
  });
});

test("the splits and the network are the authors'", async () => {
  const { ready } = await prepared(experiment);
  const { train, validation, test: tests } = ready.sources[0]!.splits;
  expect([train.size, validation.size, tests?.size]).toEqual([750, 150, 1000]);
  const shapes = (layers: { getWeights(): { shape: number[] }[] }[]) =>
    layers.map((layer) => layer.getWeights()[0]!.shape);
  const { trunk } = ready.network;
  expect(shapes(trunk.model.layers)).toEqual([
    [2, 64],
    [64, 64],
    [64, 64],
    [64, 64],
  ]);
  for (const task of ["disc", "diamond"]) {
    const layers = ready.network.head(task).model.layers;
    expect(shapes(layers)).toEqual([
      [64, 64],
      [64, 64],
      [64, 1],
    ]);
  }
  ready.network.dispose();
});

describe("training", () => {
  beforeAll(async () => {
    await chooseBackend("wasm");
  });

  test("lowers the validation loss of both tasks within eight epochs", async () => {
    const { result, events } = await trainCluster(experiment, { set: { epochs: "8" } });
    expect(result.status).toBe("finished");
    const scores = events.filter((event) => event.type === "evaluated");
    const [first, last] = [
      scores[0]!,
      scores.filter((each) => each.split === "validation").at(-1)!,
    ];
    for (const task of ["disc", "diamond"]) {
      expect(last.tasks[task]!.loss).toBeLessThan(first.tasks[task]!.loss);
    }
  });

  test("stops early and says so", async () => {
    // At this rate the loss cannot fall, so the first evaluation stays the best.
    const still = { "optimizer.trunk.learningRate": "0", "optimizer.heads.learningRate": "0" };
    const set = { ...still, "earlyStopping.patience": "2", epochs: "8" };
    const { result } = await trainCluster(experiment, { set });
    expect(result.epochs).toBe(4);
  });
});
