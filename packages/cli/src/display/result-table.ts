// The result of a run as a person reads it: tasks, then what the phases took, then the hashes by which two
// runs are compared.

import type { PhaseRecord, RunResult } from "@trunkline/core";
import { bytes, duration, plural, whole } from "./format.ts";
import { scoreRows } from "./score-table.ts";
import { textTable } from "./text-table.ts";

/** Several lines without a newline at the end; `folder` is the run folder. */
export function resultTable(result: RunResult, folder: string): string {
  return [
    headline(result),
    "",
    ...tasks(result),
    "",
    ...phases(result),
    "",
    ...hashes(result),
    "",
    `run folder  ${folder}`,
  ].join("\n");
}

function headline(result: RunResult): string {
  const { epochs, workers, backend, schedule, method, layout, shards } = result;
  const done = `${result.status} after ${plural(epochs, "epoch")} and ${duration(result.seconds)}`;
  const machines = `${plural(workers, "worker")} (${backend}), ${plural(shards, "shard")}`;
  return `${result.experiment}, seed ${result.seed}: ${done}; ${machines}, ${schedule}, ${method}, layout ${layout}`;
}

function tasks({ tasks, split, updates }: RunResult): string[] {
  const [head, ...rows] = scoreRows(tasks, split) as [string[], ...string[][]];
  const counted = rows.map((row) => [...row, whole(updates.heads[row[0]!] ?? 0)]);
  const wide = [...head, "updates"];
  return textTable([wide, ...counted, trunkRow(wide.length, updates.trunk)]);
}

function trunkRow(columns: number, updates: number): string[] {
  return ["trunk", ...new Array<string>(columns - 2).fill(""), whole(updates)];
}

function phases({ phases }: RunResult): string[] {
  const kinds = [...new Set(phases.map((phase) => phase.kind))];
  const rows = kinds.map((kind) =>
    phaseRow(
      kind,
      phases.filter((phase) => phase.kind === kind),
    ),
  );
  const head = ["phases", "number", "epochs", "time", "waited", "sent", "received", "peak memory"];
  const all = rows.length > 1 ? [phaseRow("all", phases)] : [];
  return textTable([head, ...rows, ...all]);
}

function phaseRow(name: string, phases: readonly PhaseRecord[]): string[] {
  const total = (amount: (phase: PhaseRecord) => number) =>
    phases.reduce((sum, phase) => sum + amount(phase), 0);
  return [
    name,
    whole(phases.length),
    whole(total((phase) => phase.epochs)),
    duration(total((phase) => phase.seconds)),
    duration(total((phase) => Object.values(phase.waits).reduce((sum, each) => sum + each, 0))),
    bytes(total((phase) => phase.bytes.sent)),
    bytes(total((phase) => phase.bytes.received)),
    bytes(phases.reduce((most, phase) => Math.max(most, phase.peakBytes), 0)),
  ];
}

function hashes({ hashes, bits }: RunResult): string[] {
  const promise =
    bits === "equal"
      ? "bits: equal in every run of this experiment, however many workers"
      : "bits: not promised, since workers of unequal arithmetic took part";
  const rows = [
    ["sha-256 of", promise],
    ["trunk", hashes.trunk],
    ...Object.entries(hashes.heads).map(([task, hash]) => [`head ${task}`, hash]),
    ["optimizer", hashes.optimizer],
  ] as const;
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`);
}
