// `trunkline compare`: several methods on one experiment, beside training each task alone and a small grid
// of fixed weights.

import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { BackendName } from "@trunkline/worker";
import { chooseBackend } from "@trunkline/worker";
import { checkMethods } from "../compare/check.ts";
import { comparisonCsv } from "../compare/csv.ts";
import { measureOf } from "../compare/measure.ts";
import type { ListedMethod } from "../compare/methods.ts";
import { planRuns } from "../compare/plan.ts";
import { type Outcome, runAll } from "../compare/run-all.ts";
import { bestOf, rowsOf, type Summary, summaryOf } from "../compare/summary.ts";
import { type Comparison, comparisonMarkdown, comparisonText } from "../compare/table.ts";
import { fileError } from "../file-error.ts";
import { interruptedStatus } from "../host/interrupt.ts";
import { loadExperiment } from "../load/load-experiment.ts";
import { overridesOf } from "../overrides.ts";
import { readyExperiment } from "../ready.ts";

export interface CompareOptions {
  methods: readonly ListedMethod[];
  seeds: number;
  workers: number;
  backend: BackendName | "auto";
  epochs?: string;
  set?: Record<string, string>;
  out?: string;
  json: boolean;
}

export async function compareCommand(experiment: string, options: CompareOptions): Promise<number> {
  const { methods, seeds, workers, backend } = options;
  const { set } = overridesOf(options);
  const { definition } = await loadExperiment(experiment);
  const { tasks } = checkMethods(definition, methods, set);
  await checkData(experiment, set);
  const measures = Object.entries(tasks).map(([name, task]) => measureOf(name, task));
  const out = resolve(options.out ?? join("runs", `compare-${definition.name}`));
  const plan = planRuns({ tasks: Object.keys(tasks), methods, seeds, workers, set });
  const outcomes = await runAll(plan, { experiment, backend, out, say });
  if (outcomes === undefined) return interrupted(out);

  const rows = rowsOf(outcomes, measures);
  const grid = rows.filter(({ kind }) => kind === "fixed");
  const best = bestOf(grid);
  const shown = rows.filter((row) => row.kind !== "fixed" || row === best).map(summaryOf);
  const comparison: Comparison = {
    experiment: definition.name,
    measures,
    split: splitOf(outcomes),
    seeds,
    workers,
    rows: shown,
    gridPoints: grid.length,
  };
  await writeText(join(out, "comparison.md"), comparisonMarkdown(comparison));
  await writeText(join(out, "comparison.csv"), comparisonCsv(outcomes, rows, measures));
  if (options.json) print(JSON.stringify({ rows: shown, out }, orNull));
  else print(`${comparisonText(comparison)}\n\nfolder  ${out}`);
  return statusOf(shown);
}

/** Mistakes in data and models are those of every run. */
async function checkData(experiment: string, set: Readonly<Record<string, string>>): Promise<void> {
  await chooseBackend("cpu");
  const ready = await readyExperiment(experiment, { set }, { checkValues: true });
  await ready.dispose();
}

function splitOf(outcomes: readonly Outcome[]): Comparison["split"] {
  const done = outcomes.find((outcome) => "result" in outcome);
  return done !== undefined && "result" in done ? done.result.split : "test";
}

/** A method that fails is a row of a comparison; one without any method that works has failed. */
function statusOf(shown: readonly Summary[]): number {
  return shown.some(({ kind, seeds }) => kind === "method" && seeds > 0) ? 0 : 1;
}

function interrupted(out: string): number {
  say(
    `Stopped. Runs that were done by then are kept in ${out}; the same command goes on from there.`,
  );
  return interruptedStatus;
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await mkdir(resolve(path, ".."), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    throw fileError(path, cause, "Choose another folder with `--out`.");
  }
}

/** What a row lacks is said to be lacking. */
function orNull(_: string, value: unknown): unknown {
  return value === undefined ? null : value;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
