import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "@trunkline/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRunLog } from "./log.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-log-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function warning(sequence: number): RunEvent {
  return { type: "warning", message: `é${sequence}`, sequence, timeMs: 1000 };
}

test("every line is in the file once the log is closed, and none comes later", async () => {
  const path = join(folder, "log.jsonl");
  const log = openRunLog(path, "a");
  for (let i = 0; i < 5000; i++) log.show(warning(i));
  await log.close();
  log.show(warning(5000));
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(
    Array.from({ length: 5000 }, (_, i) => `é${i}`),
  );
});

test("a log without a line is closed too", async () => {
  const path = join(folder, "log.jsonl");
  await openRunLog(path, "a").close();
  expect(await readFile(path, "utf8")).toBe("");
});

test("a file that cannot be opened is told at the end", async () => {
  const path = join(folder, "no", "log.jsonl");
  const log = openRunLog(path, "a");
  log.show(warning(0));
  await expect(log.close()).rejects.toMatchObject({ code: "environment/file", details: { path } });
});

test.runIf(existsSync("/dev/full"))("a full disk is told at the end", async () => {
  const log = openRunLog("/dev/full", "a");
  log.show(warning(0));
  await expect(log.close()).rejects.toMatchObject({ code: "environment/disk-full" });
});
