// What the event stream says of a method's steps.

import { type RunEventOf, sg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";

const names = ["disc", "diamond", "signs"];

async function eventsOf(set: Record<string, string>, settings = {}) {
  const experiment = sharedInput({ epochs: 3, shards: 2, conflictEvery: 2, ...settings });
  const { events, result } = await trainCluster(experiment, { workers: 2, set });
  expect(result.status).toBe("finished");
  return events;
}

async function balanceOf(set: Record<string, string>, settings = {}) {
  const events = await eventsOf(set, settings);
  return events.filter((event): event is RunEventOf<"balance"> => event.type === "balance");
}

describe("where gradients are together", () => {
  test("conflicts, weights, norms and changes are told at the interval that is set", async () => {
    const balance = await balanceOf({ method: "pcgrad" });
    // Steps 0, 2, 4 of epoch 0, and 6, 8 of all: 1 and 3 of epoch 2.
    expect(balance.map(({ epoch, step }) => `${epoch}/${step}`)).toEqual([
      "0/0",
      "0/2",
      "0/4",
      "2/1",
      "2/3",
    ]);
    for (const { weights, norms, cosines, conflicting, stationarity, predicted } of balance) {
      expect(Object.keys(weights!)).toEqual(names);
      expect(Object.values(norms!).every((norm) => norm > 0)).toBe(true);
      cosines!.forEach((row, i) => {
        expect(row[i]).toBeCloseTo(1, 9);
        row.forEach((cosine, j) => {
          expect(cosine).toBeCloseTo(cosines![j]![i]!, 12);
          expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
        });
      });
      const pairs = [cosines![0]![1]!, cosines![0]![2]!, cosines![1]![2]!];
      expect(conflicting).toBe(pairs.filter((cosine) => cosine < 0).length / 3);
      expect(stationarity).toBeGreaterThanOrEqual(0);
      expect(Object.keys(predicted!)).toEqual(names);
    }
  });

  test("the real change is told but after a phase's last step, and agrees with the predicted one", async () => {
    const small = { optimizer: undefined };
    const balance = await balanceOf(
      { method: "upgrad", "optimizer.trunk.learningRate": "0.001" },
      small,
    );
    const told = balance.filter(({ actual }) => actual !== undefined);
    expect(balance.filter(({ actual }) => actual === undefined).map(({ step }) => step)).toEqual([
      4,
    ]);
    expect(told).toHaveLength(4);
    for (const { predicted, actual } of told) {
      for (const name of names) {
        expect(actual![name]! - predicted![name]!).toBeCloseTo(0, 5);
        expect(Math.sign(actual![name]!)).toBe(Math.sign(predicted![name]!));
      }
    }
  });

  test("in two passes the predicted change is not known, the rest is", async () => {
    const [once] = await balanceOf({ method: "pcgrad" });
    const [twice] = await balanceOf({ method: "pcgrad", "rows.twoPass": "true" });
    expect(twice!.predicted).toBeUndefined();
    const { predicted: _, timeMs: __, sequence: ___, ...rest } = once!;
    expect(twice).toMatchObject(rest);
  });
});

test("without gradients the weights are told, and norms where they were seen", async () => {
  const [uw] = (await balanceOf({ method: "uw" })).slice(-1);
  expect(Object.keys(uw!.weights!)).toEqual(names);
  expect(uw!.cosines).toBeUndefined();
  const [gradnorm] = (await balanceOf({ method: "gradnorm" })).slice(-1);
  expect(Object.keys(gradnorm!.norms!)).toEqual(names);
  expect(await balanceOf({ method: "ew" })).toEqual([]);
});

test("under mao each layer tells which task's steps are how large", async () => {
  const events = await eventsOf({ method: "mao" }, { schedule: sg() });
  const dominance = events.filter(({ type }) => type === "dominance");
  expect(dominance.length).toBeGreaterThan(3);
  for (const event of dominance as RunEventOf<"dominance">[]) {
    expect(event.layers).toEqual([
      "0.dense.kernel",
      "0.dense.bias",
      "1.dense.kernel",
      "1.dense.bias",
    ]);
    event.layers.forEach((_, layer) => {
      const sum = names.reduce((total, name) => total + event.shares[name]![layer]!, 0);
      expect(sum).toBeCloseTo(1, 9);
    });
  }
});

test("norms are of the tasks' losses without their own weights", async () => {
  const [plain] = await balanceOf({ method: "gradnorm" });
  const { tasks, ...rest } = sharedInput().build({ dropout: false, size: 70 });
  const heavier = { ...rest, tasks: { ...tasks, diamond: { ...tasks.diamond!, weight: 4 } } };
  const [weighted] = await balanceOf({ method: "gradnorm" }, { tasks: heavier.tasks });
  for (const name of names) expect(weighted!.norms![name]).toBeCloseTo(plain!.norms![name]!, 5);
});
