// Runs one benchmark by name, or lists them. A benchmark is a file of this folder that exports `run`.
//
//   npm run -s bench -- NAME [--json]    with --json the last line of stdout is the result

import { readdir } from "node:fs/promises";
import type { BenchOptions, BenchResult } from "./result.ts";

interface Benchmark {
  /** One line for the list. */
  description?: string;
  run(options: BenchOptions): Promise<BenchResult>;
}

const helpers = new Set(["main", "result"]);

const names = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => file.slice(0, -".ts".length))
  .filter((name) => !helpers.has(name))
  .sort();

const name = process.argv.slice(2).find((arg) => !arg.startsWith("--"));
const json = process.argv.includes("--json");

if (name === undefined) await list();
else if (names.includes(name)) await runOne(name);
else refuse(name);

async function list(): Promise<void> {
  process.stdout.write("Benchmarks (npm run -s bench -- NAME [--json]):\n");
  for (const each of names) {
    const { description = "" } = await load(each);
    process.stdout.write(`  ${each.padEnd(20)} ${description}\n`);
  }
}

async function runOne(wanted: string): Promise<void> {
  const result = await (await load(wanted)).run({ json });
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    process.stdout.write(`${result.name}: ${result.ratio.toFixed(2)} ${result.unit}\n`);
    for (const [key, value] of Object.entries(result.detail)) {
      process.stdout.write(`  ${key}: ${JSON.stringify(value)}\n`);
    }
  }
}

function refuse(unknown: string): void {
  const known = names.length === 0 ? "There are none yet." : `There are: ${names.join(", ")}.`;
  process.stderr.write(`No benchmark is named "${unknown}". ${known}\n`);
  process.exitCode = 1;
}

async function load(wanted: string): Promise<Benchmark> {
  return (await import(`./${wanted}.ts`)) as Benchmark;
}
