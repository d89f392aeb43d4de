import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvironmentError } from "@trunkline/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkerProcesses } from "./worker-processes.ts";

const { execPath } = process;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-workers-"));
});
afterEach(async () => {
  process.execPath = execPath;
  await rm(folder, { recursive: true, force: true });
});

function options(failed: (error: EnvironmentError) => void) {
  return { experiment: "e.ts", url: "http://127.0.0.1:1", backend: "cpu", folder, failed };
}

test.each([
  ["the system tells later", "/no/such/program"],
  ["the system tells at once", "a\0b"],
])("processes that do not start are told, one by one: %s", async (_, program) => {
  process.execPath = program;
  const errors: EnvironmentError[] = [];
  await new Promise<void>((resolve) => {
    const workers = new WorkerProcesses({
      count: 2,
      ...options((error) => {
        errors.push(error);
        if (errors.length === 2) resolve(workers.end());
      }),
    });
    expect(errors).toEqual([]);
  });
  expect(errors.map(({ code, details }) => [code, details.name])).toEqual([
    ["run/worker-lost", "worker-0"],
    ["run/worker-lost", "worker-1"],
  ]);
});

test("a folder that cannot be made is told by its path", async () => {
  const file = join(folder, "a.txt");
  await writeFile(file, "");
  const path = join(file, "workers");
  const make = () => new WorkerProcesses({ count: 1, ...options(() => {}), folder: path });
  expect(make).toThrow(
    expect.objectContaining({ code: "environment/file", details: { path, code: "ENOTDIR" } }),
  );
});
