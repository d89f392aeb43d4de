import { mkdirSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreparedExperiment } from "@trunkline/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportModels, RunArchive } from "./run-archive.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-archive-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Nothing of it is looked at before there are weights to write. */
const prepared = { sources: [] } as unknown as PreparedExperiment;

test("a run folder that cannot be made whole is taken back, and can be made again", async () => {
  const path = join(folder, "run");
  const record = {
    /** A folder in the place of the file of events, once the run folder is there. */
    toJSON() {
      mkdirSync(join(path, "events.jsonl"));
      return {};
    },
  };
  await expect(RunArchive.create(path, { prepared, record })).rejects.toMatchObject({
    code: "environment/file",
    details: { path: join(path, "events.jsonl"), code: "EISDIR" },
  });
  expect(await readdir(folder)).toEqual([]);
  await (await RunArchive.create(path, { prepared, record: {} })).close();
});

test("of several that want one folder at once, one has it, and the others are told", async () => {
  const path = join(folder, "run");
  const made = await Promise.allSettled(
    [1, 2, 3].map((record) => RunArchive.create(path, { prepared, record: { record } })),
  );
  const archives = made.filter((each) => each.status === "fulfilled");
  expect(archives.length).toBe(1);
  await archives[0]!.value.close();
  for (const each of made) {
    if (each.status === "rejected") expect(each.reason.details.code).toBe("EEXIST");
  }
  expect((await readdir(path)).sort()).toEqual(["checkpoints", "events.jsonl", "experiment.json"]);
});

test("a model's folder that cannot be made is told by its path", async () => {
  const file = join(folder, "a.txt");
  await writeFile(file, "");
  await expect(exportModels(prepared, join(file, "model"))).rejects.toMatchObject({
    code: "environment/file",
    details: { path: join(file, "model") },
  });
});
