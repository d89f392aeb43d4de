// Alternating is not joint training, and in a head phase tasks know nothing of each other.

import {
  adam,
  ateSg,
  type ExperimentSettings,
  type ScheduleSpec,
  satSg,
  sg,
  sgd,
} from "@trunkline/core";
import { expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, flipped, sharedInput } from "./support/experiments.ts";

const names = ["disc", "diamond", "signs"];
const optimizer = { trunk: sgd({ learningRate: 0.1 }), heads: adam({ learningRate: 0.01 }) };

async function hashesAfter(schedule: ScheduleSpec, settings: Partial<ExperimentSettings> = {}) {
  const made = sharedInput({ optimizer, schedule, ...settings });
  const { result } = await trainCluster(made, { workers: 2 });
  return result.hashes;
}

test("every schedule ends with weights of its own, from one seed and one start", async () => {
  const schedules = [
    sg(),
    ateSg(),
    ateSg({ first: "head" }),
    ateSg({ sharedEpochs: 2, headEpochs: 2 }),
    satSg(),
    satSg({ sameBatch: true }),
  ];
  const ends = [];
  for (const schedule of schedules) ends.push(await hashesAfter(schedule));
  expect(new Set(ends.map(({ trunk }) => trunk)).size).toBe(schedules.length);
  for (const task of names) {
    expect(new Set(ends.map(({ heads }) => heads[task])).size).toBe(schedules.length);
  }
});

test("another seed gives other weights, and the same seed the same", async () => {
  const first = await hashesAfter(ateSg());
  expect(await hashesAfter(ateSg())).toEqual(first);
  expect((await hashesAfter(ateSg(), { seed: 4 })).trunk).not.toBe(first.trunk);
});

const onlyHeads = { schedule: ateSg({ headEpochs: 3, first: "head" }), epochs: 3 };
const oneCycle = { schedule: ateSg({ first: "head" }), epochs: 3 };

/** The data with the labels of one task turned round, or as they are. */
function data(flip?: string) {
  const turn = (size: number, seed: number) => {
    const dataset = circles(size, seed, names);
    return flip === undefined ? dataset : flipped(dataset, flip);
  };
  return { train: turn(70, 1), validation: turn(20, 2), test: turn(30, 3) };
}

/** The experiment's tasks with one of another weight. */
function reweighted(task: string, weight: number) {
  const { tasks } = sharedInput().build({ dropout: false, size: 70 });
  return { ...tasks, [task]: { ...tasks[task]!, weight } };
}

const changes: [string, Partial<ExperimentSettings>][] = [
  ["labels", { data: data("signs") }],
  ["weight", { tasks: reweighted("signs", 7) }],
];

test.each(changes)("in a head phase another task's %s are nothing to a head", async (_, change) => {
  const { schedule, ...rest } = onlyHeads;
  const plain = await hashesAfter(schedule, { ...rest, data: data() });
  for (const shards of [3, 1]) {
    const changed = await hashesAfter(schedule, { data: data(), ...rest, ...change, shards });
    expect(changed.trunk).toBe(plain.trunk);
    expect(changed.heads.disc).toBe(plain.heads.disc);
    expect(changed.heads.diamond).toBe(plain.heads.diamond);
    expect(changed.heads.signs).not.toBe(plain.heads.signs);
  }
});

test.each(changes)("through the trunk another task's %s reach every head", async (_, change) => {
  const { schedule, ...rest } = oneCycle;
  const plain = await hashesAfter(schedule, { ...rest, data: data() });
  const changed = await hashesAfter(schedule, { data: data(), ...rest, ...change });
  expect(changed.trunk).not.toBe(plain.trunk);
  for (const task of names) expect(changed.heads[task]).not.toBe(plain.heads[task]);
});
