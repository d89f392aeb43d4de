import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomically, writeJson } from "./atomic-file.ts";
import { fileError } from "./file-error.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-atomic-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("pieces are written one after the other, in place of the former file", async () => {
  const path = join(folder, "a.bin");
  await writeFile(path, "a former and longer content");
  await writeFileAtomically(path, [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)]);
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  expect(await readdir(folder)).toEqual(["a.bin"]);
});

test("a reader never sees half a file, however many write at once", async () => {
  const path = join(folder, "a.txt");
  const contents = Array.from({ length: 20 }, (_, i) => String(i % 10).repeat(50_000));
  await writeFileAtomically(path, contents[0]!);
  const writing = contents.map((content) => writeFileAtomically(path, content));
  let open = true;
  const done = Promise.all(writing).finally(() => {
    open = false;
  });
  while (open) expect(contents).toContain(await readFile(path, "utf8"));
  await done;
  expect(await readdir(folder)).toEqual(["a.txt"]);
});

test("JSON ends with a newline", async () => {
  await writeJson(join(folder, "a.json"), { a: 1 });
  expect(await readFile(join(folder, "a.json"), "utf8")).toBe('{\n  "a": 1\n}\n');
});

test("a failing write leaves the former file, nothing beside it, and names the path", async () => {
  const missing = join(folder, "no", "a.txt");
  await expect(writeFileAtomically(missing, "x")).rejects.toMatchObject({
    code: "environment/file",
    details: { path: missing, code: "ENOENT" },
  });
  // A folder cannot be replaced by a file: this fails at the rename.
  await expect(writeFileAtomically(folder, "x")).rejects.toMatchObject({
    code: "environment/file",
  });
  expect((await readdir(tmpdir())).filter((name) => name.startsWith(`${folder}.`))).toEqual([]);
});

test.each(["ENOSPC", "EDQUOT"])("%s is a full disk", (code) => {
  const cause = Object.assign(new Error("no space"), { code });
  expect(fileError("/run/a", "write", cause)).toMatchObject({
    code: "environment/disk-full",
    cause,
  });
});

test.runIf(process.platform === "linux")("a full disk is told as one", async () => {
  const { EventsFile } = await import("./events-file.ts");
  const events = await EventsFile.open("/dev/full").catch((error: unknown) => error);
  // Not every container has the device, or lets it be cut to length 0.
  if (!(events instanceof EventsFile)) return;
  events.append({ type: "warning", message: "x", sequence: 0, timeMs: 0 });
  await expect(events.close()).rejects.toMatchObject({ code: "environment/disk-full" });
});
