// A comparison over real processes, twice: the second one trains nothing.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Exit, lastJson, runCli } from "./support/run-cli.ts";
import { resultIn } from "./support/run-files.ts";
import { temporaryFolder } from "./support/temporary.ts";

const folder = temporaryFolder();
const out = folder("comparison");
const module = "packages/cli/test/fixtures/circles/experiment.ts";

interface Row {
  kind: string;
  name: string;
  seeds: number;
  tasks: Record<string, { mean: number; sd: number | null }>;
  conflicts: { mean: number } | null;
  failures: unknown[];
}

const compare = (...args: string[]) =>
  runCli(
    ...["compare", module, "--methods", "ew,pcgrad", "--seeds", "1", "--workers", "1"],
    ...["--epochs", "1", "--set", "only=disc"],
    ...["--backend", "cpu", "--out", out, ...args],
  );

let first: Exit;
beforeAll(async () => {
  first = await compare();
});

/** One task alone leaves no weights to try. */
const runs = ["ew", "pcgrad", "single-disc"].map((slug) => `${slug}-seed0`);

test("there is a run folder for each method and baseline, and the table as two files", () => {
  expect(first).toMatchObject({ status: 0 });
  expect(readdirSync(out).sort()).toEqual(["comparison.csv", "comparison.md", ...runs].sort());
  expect(Object.keys(resultIn(join(out, "single-disc-seed0")).tasks)).toEqual(["disc"]);
  expect(resultIn(join(out, "pcgrad-seed0"))).toMatchObject({ method: "pcgrad", seed: 0 });
  expect(first.stderr).toMatch(/\[3 of 3\] pcgrad, seed 0; about .* left/);
});

test("the table has a row for each, on the terminal and in Markdown", () => {
  const markdown = readFileSync(join(out, "comparison.md"), "utf8");
  for (const row of ["single-task", "ew", "pcgrad"]) {
    expect(first.stdout).toContain(`\n${row}`);
    expect(markdown).toContain(`\n| ${row}`);
  }
  const csv = readFileSync(join(out, "comparison.csv"), "utf8").trimEnd().split("\r\n");
  expect(csv.map((line) => line.split(",")[0])).toEqual([
    ...["line", ...runs.map(() => "run")],
    ...["summary", "summary", "summary"],
  ]);
});

test("a second time every run is taken from its folder, and the figures are the same", async () => {
  const before = readFileSync(join(out, "comparison.csv"), "utf8");
  const second = await compare("--json");
  expect(second.stderr.match(/: cached$/gm)).toHaveLength(runs.length);
  expect(readFileSync(join(out, "comparison.csv"), "utf8")).toBe(before);
  const { rows, out: told } = lastJson<{ rows: Row[]; out: string }>(second);
  expect(told).toBe(out);
  expect(rows.map(({ kind }) => kind)).toEqual(["single", "method", "method"]);
  const [, ew] = rows;
  expect(ew).toMatchObject({ name: "ew", seeds: 1, conflicts: null, failures: [] });
  const { tasks } = resultIn(join(out, "ew-seed0"));
  expect(ew!.tasks.disc).toEqual({ mean: tasks.disc!.metrics.accuracy, sd: null });
});

test("methods are all looked at before anything runs", async () => {
  const none = folder("none");
  const exit = await runCli("compare", module, "--methods", "ew,pcgard,fixed", "--out", none);
  expect(exit).toMatchObject({ status: 1, stdout: "" });
  expect(exit.stderr).toMatch(/experiment\/unknown-name: --methods pcgard: .*`pcgrad`\?/);
  expect(exit.stderr).toMatch(/--methods fixed: .*`method\.weights`/);
  expect(exit.stderr).toContain("`--methods fixed:weights=VALUE`");
  expect(readdirSync(folder("."))).not.toContain("none");
});
