// Prints who shared with whom in trained runs: the cosines of the tasks' allocations, and how much closer
// they are within pairs than across.
//
//   node --conditions=@trunkline/source --import tsx examples/mnist-allocation/report.ts RUN...

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent, RunEventOf } from "@trunkline/core";
import { agreement } from "./tasks.ts";

export interface Report {
  lines: string[];
  /** Mean cosine within pairs, less that across. */
  difference: number;
}

/** @param events - Text of a run's `events.jsonl`; its last allocation counts. */
export function reportOf(events: string): Report {
  const { tasks, cosines, epoch } = lastAllocation(events);
  const names = Object.keys(tasks);
  const width = Math.max(...names.map((name) => name.length));
  const line = (first: string, rest: readonly string[]) =>
    [first.padEnd(width), ...rest.map((cell) => cell.padStart(width))].join("  ");
  const rows = names.map((name, i) =>
    line(
      name,
      cosines[i]!.map((cosine) => cosine.toFixed(3)),
    ),
  );
  const { within, across } = agreement(names, cosines);
  const difference = within - across;
  const means = `within pairs ${within.toFixed(3)}, across ${across.toFixed(3)}`;
  const lines = [
    line("", names),
    ...rows,
    `after ${epoch} epochs: ${means}, difference ${difference.toFixed(3)}`,
  ];
  return { lines, difference };
}

function lastAllocation(events: string): RunEventOf<"allocation"> {
  const line = events.split("\n").findLast((text) => text.includes('"type":"allocation"'));
  if (line === undefined) throw new Error("These events tell of no allocation.");
  return JSON.parse(line) as RunEvent as RunEventOf<"allocation">;
}

async function main(folders: readonly string[]): Promise<void> {
  const differences: number[] = [];
  for (const folder of folders) {
    const { lines, difference } = reportOf(await readFile(join(folder, "events.jsonl"), "utf8"));
    differences.push(difference);
    process.stdout.write(`${[folder, ...lines, ""].join("\n")}\n`);
  }
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  process.stdout.write(`mean difference of ${differences.length}: ${mean.toFixed(3)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
