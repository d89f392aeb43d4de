// Runs that do not begin. The experiment is imported by vitest; loading it by itself is tested elsewhere.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HostOptions, hostRun } from "./run-host.ts";

vi.mock("../load/load-experiment.ts", async () => {
  const { default: definition } = await import("../../test/fixtures/circles/experiment.ts");
  return { loadExperiment: async () => ({ definition, sources: [], sourceHash: "" }) };
});

const cwd = process.cwd();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-host-"));
});
afterEach(async () => {
  vi.useRealTimers();
  process.chdir(cwd);
  await rm(folder, { recursive: true, force: true });
});

function options(changes: Pick<HostOptions, "listening" | "out">): HostOptions {
  return {
    experiment: "experiment.ts",
    overrides: { set: {} },
    workers: 1,
    host: "127.0.0.1",
    port: 0,
    allowMixed: false,
    consumers: [],
    say() {},
    ...changes,
  };
}

test("workers that cannot be started leave no server, no signal handler and no folder", async () => {
  const out = join(folder, "run");
  let url = "";
  const run = hostRun(
    options({
      out,
      listening(host) {
        url = host.url;
        expect(existsSync(out)).toBe(true);
        throw new RangeError("no workers");
      },
    }),
  );
  await expect(run).rejects.toThrow("no workers");
  await expect(fetch(url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  expect(process.listenerCount("SIGINT")).toBe(0);
  expect(await readdir(folder)).toEqual([]);
});

test("where runs of the same second have the default folder, the next one stands beside them", async () => {
  process.chdir(folder);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2030, 1, 2, 3, 4, 5) });
  const first = join(await realpath(folder), "runs", "circles-2030-02-02T03-04-05");
  for (const taken of [first, `${first}-2`])
    await mkdir(join(taken, "checkpoints"), { recursive: true });
  let found = "";
  const run = hostRun(
    options({
      listening(host) {
        found = host.folder;
        throw new RangeError("seen enough");
      },
    }),
  );
  await expect(run).rejects.toThrow("seen enough");
  expect(found).toBe(`${first}-3`);
});
