import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataFiles } from "./file-source.ts";

let folder: string;
let files: DataFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-data-"));
  files = new DataFiles(folder);
  await writeFile(
    join(folder, "data.bin"),
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
});
afterEach(async () => {
  await files.close();
  await rm(folder, { recursive: true, force: true });
});

test("ranges of a file are read, several at once", async () => {
  const source = files.open("data.bin");
  expect(source.name).toBe(join(folder, "data.bin"));
  expect(await source.size()).toBe(100);
  const [a, b] = await Promise.all([source.read(10, 3), source.read(97, 3)]);
  expect([...a]).toEqual([10, 11, 12]);
  expect([...b]).toEqual([97, 98, 99]);
  expect(await source.read(5, 0)).toHaveLength(0);
});

test("relative and absolute paths of one file are one source", () => {
  expect(files.open("data.bin")).toBe(files.open(join(folder, "x", "..", "data.bin")));
});

test.each([
  ["gone.bin", "There is no such file."],
  [".", "It is no file."],
])("an unreadable path (%s) is told with its whole name", async (path, message) => {
  await expect(files.open(path).size()).rejects.toMatchObject({
    code: "data/not-found",
    message: `${join(folder, path)}: ${message}`,
  });
});

test("a file that shrinks is noticed instead of read as zeros", async () => {
  const source = files.open("data.bin");
  await source.size();
  await truncate(join(folder, "data.bin"), 50);
  await expect(source.read(40, 20)).rejects.toThrow("became shorter");
});
