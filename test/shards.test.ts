// Shards are the unit of assignment and of reduction: their number may change the bits, the number of
// workers never does.

import { adam, ateSg, momentum, satSg, sg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, ownInputs, sharedInput, statefulLayers } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

const optimizer = {
  trunk: adam({ learningRate: 0.01 }),
  heads: momentum({ learningRate: 0.05 }),
};

describe.each([
  ["one input", sharedInput],
  ["inputs of their own", ownInputs],
  ["batch norm and dropout", statefulLayers],
])("%s", (_, experiment) => {
  test.each([1, 2, 3])(
    "in %d shards, any number of workers and a plain loop end equal",
    async (shards) => {
      const schedule = [ateSg(), sg(), satSg()][shards - 1]!;
      const made = experiment({ schedule, optimizer, shards, epochs: 2 });
      const reference = await trainReference(made);
      for (const workers of [1, 2, 4]) {
        const { result } = await trainCluster(made, { workers });
        expect(result.hashes).toEqual(reference);
        expect(result.shards).toBe(shards);
      }
    },
  );
});

test("each worker holds neighbouring shards, as evenly as they go", async () => {
  const made = sharedInput({ epochs: 1 });
  const holders = async (workers: number) => {
    const { events } = await trainCluster(made, { workers });
    const started = events.find((event) => event.type === "phaseStarted");
    return started?.type === "phaseStarted" ? started.holders : [];
  };
  expect(await holders(1)).toEqual(["w0", "w0", "w0"]);
  expect(await holders(2)).toEqual(["w0", "w0", "w1"]);
  expect(await holders(3)).toEqual(["w0", "w1", "w2"]);
});

test("workers beyond the shards stand by, and a warning names the option", async () => {
  const made = sharedInput({ epochs: 2, shards: 2 });
  const { result, events, work } = await trainCluster(made, { workers: 3 });
  expect(result.status).toBe("finished");
  const warnings = events.filter((event) => event.type === "warning");
  expect(warnings).toMatchObject([{ message: expect.stringMatching(/1 stand by.*`shards`/) }]);
  expect(work.map((records) => records.length > 0)).toEqual([true, true, false]);
});

test("the assignment of shards does not change the course of a run, only who did what", async () => {
  const made = sharedInput({ optimizer, shards: 2 });
  const edges = async (workers: number) => {
    const { events } = await trainCluster(made, { workers });
    return events
      .filter((event) => event.type === "edge")
      .map(({ epoch, hashes }) => ({ epoch, hashes }));
  };
  expect(await edges(2)).toEqual(await edges(1));
});

test("shards do not change the masks of a shared source beside a task's own", async () => {
  const { tasks } = sharedInput().build({ dropout: true, size: 70 });
  const data = { train: circles(70, 9, ["diamond"]), validation: circles(10, 2, ["diamond"]) };
  const lossesIn = async (shards: number) => {
    const mixed = sharedInput({
      tasks: {
        diamond: { ...tasks.diamond!, data },
        disc: tasks.disc!,
        signs: tasks.signs!,
      },
      shards,
      epochs: 1,
    });
    const set = { dropout: "true" };
    const { events, result } = await trainCluster(mixed, { set });
    expect(result.hashes).toEqual(await trainReference(mixed, set));
    const first = events.find((event) => event.type === "step");
    return first?.type === "step" ? first.losses : {};
  };
  const [one, three] = [await lossesIn(1), await lossesIn(3)];
  expect(Object.keys(three).toSorted()).toEqual(["diamond", "disc", "signs"]);
  for (const [task, loss] of Object.entries(three)) expect(loss).toBeCloseTo(one[task]!, 5);
});

test("a task may be called as a block is", async () => {
  const { tasks } = ownInputs().build({ dropout: false });
  const data = { train: circles(20, 1, ["trunk"]), validation: circles(10, 2, ["trunk"]) };
  const made = ownInputs({
    tasks: { large: tasks.large!, trunk: { ...tasks.large!, data } },
    epochs: 2,
  });
  const { result } = await trainCluster(made, { workers: 2 });
  expect(result.hashes).toEqual(await trainReference(made));
});
