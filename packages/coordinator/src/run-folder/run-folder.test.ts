import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeJson } from "./atomic-file.ts";
import { createRunFolder, openRunFolder } from "./run-folder.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "trunkline-run-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("a new run folder is opened again once its experiment is written", async () => {
  const made = await createRunFolder(join(root, "runs", "a"));
  await expect(openRunFolder(made.root)).rejects.toMatchObject({ code: "cli/no-run" });
  await writeJson(made.experiment, {});
  await writeJson(join(made.checkpoints, "1.json"), {});
  expect(await openRunFolder(made.root)).toEqual(made);
});

test("a folder with files in it is not written over", async () => {
  await writeFile(join(root, "experiment.json"), "{}");
  await expect(createRunFolder(root)).rejects.toMatchObject({
    code: "environment/file",
    message: `The run folder should be new or empty. Found 1 files in ${root}.`,
  });
});
