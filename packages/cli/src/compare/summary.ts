// From the outcomes of a comparison's runs to its rows: figures of each row and seed, gains over training
// each task alone, means and deviations over seeds. It knows nothing of how a table looks.

import type { RunResult } from "@trunkline/core";
import { type Measure, scoreOf } from "./measure.ts";
import type { RunKind } from "./plan.ts";
import type { Failure, Outcome } from "./run-all.ts";
import { type Spread, spreadOf } from "./spread.ts";

/** One row's figures with one seed. */
export interface Course {
  seed: number;
  /** The measure of each task. */
  tasks: Readonly<Record<string, number>>;
  /** In phases: neither start nor evaluation. */
  seconds: number;
  /** Sent and received by the coordinator. */
  bytes: number;
  /** Share of the pairs of tasks that were seen to oppose each other. */
  conflicts: number | undefined;
  /** Relative, 0.01 is one percent; undefined where a task alone has no figure to compare with. */
  gain: number | undefined;
}

export interface Row {
  kind: RunKind;
  name: string;
  /** In which all of its runs finished. */
  courses: readonly Course[];
  failures: readonly (Failure & { seed: number })[];
}

export interface Summary {
  kind: RunKind;
  name: string;
  seeds: number;
  tasks: Readonly<Record<string, Spread | undefined>>;
  gain: Spread | undefined;
  conflicts: Spread | undefined;
  seconds: Spread | undefined;
  bytes: Spread | undefined;
  failures: Row["failures"];
}

export const singleName = "single-task";

/** Single tasks in one row, then the points of the grid, then the methods, each with its gains. */
export function rowsOf(outcomes: readonly Outcome[], measures: readonly Measure[]): Row[] {
  const single = singleRow(outcomes, measures);
  const alone = new Map(single.courses.map(({ seed, tasks }) => [seed, tasks]));
  const rows = (["fixed", "method"] as const).flatMap((kind) => {
    const own = outcomes.filter(({ run }) => run.kind === kind);
    const names = [...new Set(own.map(({ run }) => run.name))];
    return names.map((name) =>
      rowOf(kind, name, { outcomes: own.filter(({ run }) => run.name === name), measures, alone }),
    );
  });
  return [single, ...rows];
}

/** The point of a grid with the highest mean gain, or the first one where none has any. */
export function bestOf(rows: readonly Row[]): Row | undefined {
  const gain = (row: Row) => summaryOf(row).gain?.mean ?? Number.NEGATIVE_INFINITY;
  return rows.reduce<Row | undefined>(
    (best, row) => (best === undefined || gain(row) > gain(best) ? row : best),
    undefined,
  );
}

export function summaryOf({ kind, name, courses, failures }: Row): Summary {
  const tasks = [...new Set(courses.flatMap((course) => Object.keys(course.tasks)))];
  const over = (value: (course: Course) => number | undefined) => spreadOf(courses.map(value));
  return {
    kind,
    name,
    seeds: courses.length,
    tasks: Object.fromEntries(tasks.map((task) => [task, over((course) => course.tasks[task])])),
    gain: over(({ gain }) => gain),
    conflicts: over(({ conflicts }) => conflicts),
    seconds: over(({ seconds }) => seconds),
    bytes: over(({ bytes }) => bytes),
    failures,
  };
}

/**
 * Mean over the tasks of the relative improvement over training each task alone, (-1)^b (M - S) / |S|, b = 1
 * where lower is better, M and S the task's measure here and alone (Maninis, Radosavovic & Kokkinos,
 * Attentive Single-Tasking of Multiple Tasks, 2019, for S > 0).
 */
export function gainOver(
  alone: Course["tasks"],
  tasks: Course["tasks"],
  measures: readonly Measure[],
): number | undefined {
  const gains = measures.map(({ task, better }) => {
    const [own, single] = [tasks[task]!, alone[task]!];
    return (better === "lower" ? single - own : own - single) / Math.abs(single);
  });
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  return Number.isFinite(mean) ? mean : undefined;
}

interface RowParts {
  outcomes: readonly Outcome[];
  measures: readonly Measure[];
  alone: ReadonlyMap<number, Course["tasks"]>;
}

function rowOf(kind: RunKind, name: string, { outcomes, measures, alone }: RowParts): Row {
  const courses = outcomes.filter(hasResult).map(({ run, result, conflicts }): Course => {
    const tasks = scoresOf(result, measures);
    const single = alone.get(run.seed);
    const gain = single && gainOver(single, tasks, measures);
    return { seed: run.seed, tasks, ...costOf([result]), conflicts, gain };
  });
  return { kind, name, courses, failures: failuresOf(outcomes) };
}

/** The runs of all tasks with one seed are one course. */
function singleRow(all: readonly Outcome[], measures: readonly Measure[]): Row {
  const outcomes = all.filter(({ run }) => run.kind === "single");
  const seeds = [...new Set(outcomes.map(({ run }) => run.seed))];
  const courses = seeds.flatMap((seed): Course[] => {
    const own = outcomes.filter(({ run }) => run.seed === seed).filter(hasResult);
    if (own.length < measures.length) return [];
    const results = own.map(({ result }) => result);
    const tasks = Object.assign({}, ...results.map((result) => scoresOf(result, measures)));
    return [{ seed, tasks, ...costOf(results), conflicts: undefined, gain: 0 }];
  });
  return { kind: "single", name: singleName, courses, failures: failuresOf(outcomes) };
}

function scoresOf({ tasks }: RunResult, measures: readonly Measure[]): Course["tasks"] {
  const own = measures.filter(({ task }) => tasks[task] !== undefined);
  return Object.fromEntries(own.map((each) => [each.task, scoreOf(each, tasks[each.task]!)]));
}

/** What runs took, together. */
export function costOf(results: readonly RunResult[]): Pick<Course, "seconds" | "bytes"> {
  const phases = results.flatMap((result) => result.phases);
  return {
    seconds: phases.reduce((sum, { seconds }) => sum + seconds, 0),
    bytes: phases.reduce((sum, { bytes }) => sum + bytes.sent + bytes.received, 0),
  };
}

function failuresOf(outcomes: readonly Outcome[]): Row["failures"] {
  return outcomes.flatMap((outcome) =>
    "failure" in outcome ? [{ ...outcome.failure, seed: outcome.run.seed }] : [],
  );
}

function hasResult(outcome: Outcome): outcome is Extract<Outcome, { result: RunResult }> {
  return "result" in outcome;
}
