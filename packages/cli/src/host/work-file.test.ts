import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkRecord } from "@trunkline/worker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendWork } from "./work-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-work-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const work: WorkRecord = {
  type: "shardSteps",
  phase: 0,
  kind: "shared",
  shard: 1,
  epoch: 2,
  from: 3,
  to: 4,
};

test("records are lines, one after the other", async () => {
  const path = join(folder, "work.jsonl");
  appendWork(path, work);
  appendWork(path, { ...work, shard: 5 });
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([work, { ...work, shard: 5 }]);
});

test("a file that cannot be written is an error with a code, not a fault of the worker", () => {
  const path = join(folder, "no", "work.jsonl");
  expect(() => appendWork(path, work)).toThrow(
    expect.objectContaining({ code: "environment/file", details: { path, code: "ENOENT" } }),
  );
});

test.runIf(existsSync("/dev/full"))("a full disk is told as one", () => {
  expect(() => appendWork("/dev/full", work)).toThrow(
    expect.objectContaining({ code: "environment/disk-full" }),
  );
});
