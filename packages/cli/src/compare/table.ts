// A comparison as a person reads it: one table for the terminal and for Markdown, and what to know to read it.

import type { Split } from "@trunkline/core";
import { plural, score } from "../display/format.ts";
import { textTable } from "../display/text-table.ts";
import type { Measure } from "./measure.ts";
import type { Spread } from "./spread.ts";
import { type Summary, singleName } from "./summary.ts";

export interface Comparison {
  experiment: string;
  measures: readonly Measure[];
  /** The split that the tasks were measured on. */
  split: Split;
  seeds: number;
  workers: number;
  /** Single tasks, the best of the grid, the methods. */
  rows: readonly Summary[];
  /** Points of the grid of fixed weights. */
  gridPoints: number;
}

const none = "-";

export function comparisonText(comparison: Comparison): string {
  return [titleOf(comparison), "", ...textTable(cells(comparison)), "", ...notes(comparison)].join(
    "\n",
  );
}

export function comparisonMarkdown(comparison: Comparison): string {
  const [head, ...rows] = cells(comparison) as [string[], ...string[][]];
  const rule = head.map((_, at) => (at === 0 ? "---" : "---:"));
  const table = [head, rule, ...rows].map((row) => `| ${row.map(escaped).join(" | ")} |`);
  const list = notes(comparison).map((note) => `- ${note}`);
  return `${[`# ${titleOf(comparison)}`, "", ...table, "", ...list].join("\n")}\n`;
}

function titleOf({ experiment, seeds, workers }: Comparison): string {
  return `${experiment}: methods compared, ${plural(seeds, "seed")}, ${plural(workers, "worker")}`;
}

function cells(comparison: Comparison): string[][] {
  const { measures, rows } = comparison;
  const tasks = measures.map(
    ({ task, name, better }) => `${task} ${name} ${better === "higher" ? "↑" : "↓"}`,
  );
  const head = ["method", ...tasks, "gain [%]", "conflicts [%]", "time [s]", "bytes [MB]"];
  return [head, ...rows.map((row) => [labelOf(row, comparison), ...figures(row, measures)])];
}

function labelOf({ kind, name, seeds, failures }: Summary, comparison: Comparison): string {
  const label = kind === "fixed" ? `fixed (best of grid: ${name})` : name;
  const partly = seeds > 0 && failures.length > 0;
  return partly ? `${label} (${seeds} of ${plural(comparison.seeds, "seed")})` : label;
}

function figures(row: Summary, measures: readonly Measure[]): string[] {
  const { tasks, gain, conflicts, seconds, bytes, seeds } = row;
  const scores = measures.map(({ task }) => spread(tasks[task], score));
  if (seeds === 0) scores.fill("failed", 0, 1);
  return [
    ...scores,
    spread(gain, (value) => signed((100 * value).toFixed(2))),
    spread(conflicts, (value) => (100 * value).toFixed(1)),
    spread(seconds, (value) => value.toFixed(1)),
    spread(bytes, (value) => (value / 1e6).toFixed(3)),
  ];
}

function spread(of: Spread | undefined, show: (value: number) => string): string {
  if (of === undefined) return none;
  return of.sd === undefined ? show(of.mean) : `${show(of.mean)} ± ${show(of.sd).replace("+", "")}`;
}

/** A gain of nothing is neither up nor down. */
function signed(text: string): string {
  if (Number(text) === 0) return text.replace("-", "");
  return text.startsWith("-") ? text : `+${text}`;
}

function notes({ rows, seeds, split, gridPoints }: Comparison): string[] {
  const over = seeds === 1 ? "" : "means ± sample standard deviations over seeds; ";
  return [
    `tasks: on the ${split} split, ↑ higher is better, ↓ lower; ${over}${none} where there is no figure`,
    `gain: mean over tasks of the relative improvement over ${singleName} with the same seed`,
    "conflicts: pairs of tasks with opposed gradients, in the steps where gradients were seen",
    "time: in phases, without start and evaluation; bytes: sent and received by the coordinator",
    `${singleName}: each task alone, one worker; time and bytes of all its runs together`,
    ...(gridPoints > 0
      ? [
          `fixed: of ${plural(gridPoints, "point")} the one of highest gain on the ${split} split, which flatters it`,
        ]
      : []),
    ...rows.flatMap(({ name, failures }) =>
      failures.map(
        ({ seed, code, message }) =>
          `${name} failed with seed ${seed}: ${code}: ${message.replaceAll("\n", "; ")}`,
      ),
    ),
  ];
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|");
}
