import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "@trunkline/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EventsFile } from "./events-file.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-events-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function warning(sequence: number, message = "é"): RunEvent {
  return { type: "warning", message, sequence, timeMs: 1000 };
}

async function sequences(): Promise<number[]> {
  const text = await readFile(path, "utf8");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as RunEvent).sequence);
}

test("events are lines in the order in which they were taken", async () => {
  const events = await EventsFile.open(path);
  const all = Array.from({ length: 1000 }, (_, i) => i);
  for (const i of all.slice(0, 500)) events.append(warning(i));
  await events.flush();
  expect(await sequences()).toEqual(all.slice(0, 500));
  for (const i of all.slice(500)) events.append(warning(i));
  await events.close();
  expect(await sequences()).toEqual(all);
});

test("a file that a crash cut is gone on with after its last whole line", async () => {
  const lines = `${JSON.stringify(warning(0))}\n${JSON.stringify(warning(1))}\n`;
  // Longer than one look at the tail.
  await writeFile(path, `${lines}{"type":"warning","message":"${"x".repeat(200_000)}`);
  const events = await EventsFile.open(path);
  events.append(warning(2));
  await events.close();
  expect(await sequences()).toEqual([0, 1, 2]);
});

test("a file without any whole line starts anew", async () => {
  await writeFile(path, '{"type":');
  await (await EventsFile.open(path)).close();
  expect(await readFile(path, "utf8")).toBe("");
});

test("a folder that is missing is told at once", async () => {
  await expect(EventsFile.open(join(folder, "no", "events.jsonl"))).rejects.toMatchObject({
    code: "environment/file",
  });
});

test.runIf(existsSync("/proc/self/fd"))(
  "a file that cannot be gone on with is closed",
  async () => {
    // Opens, but has no length to cut.
    const device = "/dev/null";
    const handles = () =>
      readdirSync("/proc/self/fd").filter((name) => {
        return attempt(() => readlinkSync(`/proc/self/fd/${name}`)) === device;
      });
    const before = handles();
    await expect(EventsFile.open(device)).rejects.toMatchObject({ code: "environment/file" });
    expect(handles()).toEqual(before);
  },
);

/** Handles of others close meanwhile. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

test("events that the disk does not take in time are an error, at every later call too", async () => {
  const events = await EventsFile.open(path, { maxWaitingBytes: 1000 });
  // The write of the first event only starts; nothing yields to it in between.
  expect(() => {
    for (let i = 0; i < 100; i++) events.append(warning(i));
  }).toThrow("does not keep up");
  expect(() => events.append(warning(100))).toThrow("does not keep up");
  await expect(events.flush()).rejects.toThrow("does not keep up");
  await expect(events.close()).rejects.toThrow("does not keep up");
});
