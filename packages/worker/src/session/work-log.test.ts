import { expect, test } from "vitest";
import { WorkLog, type WorkRecord } from "./work-log.ts";

function log() {
  const records: WorkRecord[] = [];
  const made = new WorkLog((record) => records.push({ ...record }));
  const add = (shard: number, epoch: number, step: number, phase = 0) =>
    made.add({ phase, kind: "shared", shard, epoch, step });
  const told = () =>
    records.map(({ phase, shard, epoch, from, to }) => `${phase} ${shard} ${epoch} ${from}-${to}`);
  return { made, add, told };
}

test("neighbouring steps of a shard and epoch are one record, told at the end", () => {
  const { made, add, told } = log();
  for (const step of [0, 1, 2]) add(4, 1, step);
  expect(told()).toEqual([]);
  made.flush();
  expect(told()).toEqual(["0 4 1 0-2"]);
  made.flush();
  expect(told()).toHaveLength(1);
});

test("shards that take turns keep records of their own", () => {
  const { made, add, told } = log();
  for (const step of [0, 1]) for (const shard of [0, 1]) add(shard, 0, step);
  made.flush();
  expect(told()).toEqual(["0 0 0 0-1", "0 1 0 0-1"]);
});

test("a gap, a step done again, another epoch and another phase begin new records", () => {
  const { made, add, told } = log();
  add(0, 0, 0);
  add(0, 0, 2);
  add(0, 0, 2);
  add(0, 1, 3);
  add(0, 1, 4, 1);
  made.flush();
  expect(told()).toEqual(["0 0 0 0-0", "0 0 0 2-2", "0 0 0 2-2", "0 0 1 3-3", "1 0 1 4-4"]);
});
