// A comparison as CSV (RFC 4180): one line a run, then one line a row of the table and point of the grid.

import { type Measure, scoreOf } from "./measure.ts";
import type { Outcome } from "./run-all.ts";
import type { Spread } from "./spread.ts";
import { costOf, type Row, summaryOf } from "./summary.ts";

type Cell = string | number | undefined;

/** Gains and conflicts are shares, not percent; figures of a summary are means, with deviations beside. */
export function comparisonCsv(
  outcomes: readonly Outcome[],
  rows: readonly Row[],
  measures: readonly Measure[],
): string {
  const figures = [
    ...measures.map(({ task, name }) => `${task}.${name}`),
    ...["gain", "conflicts", "seconds", "bytes"],
  ];
  const about = ["line", "kind", "name", "seed", "seeds", "status", "folder", "error"];
  const head = [...about, ...figures.flatMap((name) => [name, `${name}.sd`])];
  const lines = [
    head,
    ...outcomes.map((outcome) => runLine(outcome, rows, measures)),
    ...rows.map((row) => summaryLine(row, measures)),
  ];
  return lines.map((line) => `${head.map((_, at) => quoted(line[at])).join(",")}\r\n`).join("");
}

function runLine(outcome: Outcome, rows: readonly Row[], measures: readonly Measure[]): Cell[] {
  const { kind, name, seed, folder } = outcome.run;
  const about = ["run", kind, name, seed, 1];
  if ("failure" in outcome) {
    const { code, message } = outcome.failure;
    return [...about, "failed", folder, `${code}: ${message}`];
  }
  const { status, tasks } = outcome.result;
  const scores = measures.map((each) => {
    const own = tasks[each.task];
    return own && scoreOf(each, own);
  });
  const row = rows.find((each) => each.kind === kind && each.name === name);
  const gain = row?.courses.find((course) => course.seed === seed)?.gain;
  const { seconds, bytes } = costOf([outcome.result]);
  const figures = [...scores, gain, outcome.conflicts, seconds, bytes];
  return [...about, status, folder, undefined, ...figures.flatMap((value) => [value, undefined])];
}

function summaryLine(row: Row, measures: readonly Measure[]): Cell[] {
  const { kind, name, seeds, tasks, gain, conflicts, seconds, bytes, failures } = summaryOf(row);
  const spreads: (Spread | undefined)[] = [
    ...measures.map(({ task }) => tasks[task]),
    ...[gain, conflicts, seconds, bytes],
  ];
  return [
    ...["summary", kind, name, undefined, seeds, failures.length === 0 ? "finished" : "failed"],
    ...[undefined, failures.map(({ code }) => code).join(" ")],
    ...spreads.flatMap((spread) => [spread?.mean, spread?.sd]),
  ];
}

function quoted(cell: Cell): string {
  const text = cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
