// The headline promise, with workers that are processes: the final weights are those of a plain loop.

import type { RunResult } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainReference } from "../../../test/support/reference.ts";
import circles from "./fixtures/circles/experiment.ts";
import { lastJson, runCli } from "./support/run-cli.ts";
import { resultIn, workIn } from "./support/run-files.ts";
import { temporaryFolder } from "./support/temporary.ts";

const module = "packages/cli/test/fixtures/circles/experiment.ts";
const folder = temporaryFolder();

async function train(
  workers: number,
  { schedule, own, ...set }: { schedule: string; own: string; [field: string]: string },
): Promise<{ run: string; result: RunResult }> {
  const run = folder(`${schedule}-${own}-${Object.values(set).join("-")}-${workers}`);
  const fields = Object.entries({ own, ...set }).flatMap(([key, value]) => [
    "--set",
    `${key}=${value}`,
  ]);
  const terms = ["--schedule", schedule, ...fields, "--backend", "cpu"];
  const exit = await runCli(
    "train",
    module,
    ...["--workers", String(workers), ...terms, "--out", run, "--json"],
  );
  expect(exit.stderr).not.toContain("error");
  expect(exit.status).toBe(0);
  return { run, result: lastJson<RunResult>(exit) };
}

/** Every step of every shard in every epoch, as `shard/epoch/step`. */
function plannedSteps({ phases, shards }: RunResult, stepsPerEpoch: number): string[] {
  return phases.flatMap(({ firstEpoch, epochs }) =>
    count(epochs).flatMap((epoch) =>
      count(shards).flatMap((shard) =>
        count(stepsPerEpoch).map((step) => `${shard}/${firstEpoch + epoch}/${step}`),
      ),
    ),
  );
}

function doneSteps(run: string): string[] {
  return workIn(run).flatMap(({ shard, epoch, from, to }) =>
    count(to - from + 1).map((step) => `${shard}/${epoch}/${from + step}`),
  );
}

const count = (length: number) => Array.from({ length }, (_, i) => i);

describe.each([
  ["shared input", "false"],
  ["own input per task", "true"],
])("%s", (_, own) => {
  test.each(["ate-sg", "sg", "sat-sg"])(
    "1, 2 and 3 worker processes and a plain loop end equal: %s",
    async (schedule) => {
      const reference = await trainReference(circles, { schedule, own });
      const runs = await Promise.all([1, 2, 3].map((n) => train(n, { schedule, own })));
      for (const { run, result } of runs) {
        expect(result).toMatchObject({ hashes: reference, bits: "equal", schedule });
        expect(resultIn(run)).toEqual(result);
        // 60 samples in batches of 16.
        expect(doneSteps(run).sort()).toEqual(plannedSteps(result, 4).sort());
      }
    },
  );
});

describe("one method of each kind of need", () => {
  test.each([
    ["nothing but finished steps", { method: "uw" }],
    ["losses, and losses after the step", { method: "famo" }],
    ["norms of moving averages", { method: "db-mtl" }],
    ["inner products", { method: "nash-mtl" }],
    ["rows", { method: "graddrop" }],
    ["steps made by the workers", { method: "mao" }],
  ])("1, 2 and 3 worker processes end equal: %s", async (_, set) => {
    const terms = { schedule: "ate-sg", own: "false", ...set };
    const [one, ...others] = await Promise.all([1, 2, 3].map((n) => train(n, terms)));
    expect(one!.result).toMatchObject({ status: "finished", method: set.method });
    for (const { result } of others) expect(result.hashes).toEqual(one!.result.hashes);
  });
});
