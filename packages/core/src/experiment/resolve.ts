// From an experiment and a launch's overrides to settings: options applied, `build` called, every field
// checked, defaults filled in. No data is read and no model is built here.

import { ExperimentError, expected, type Problem, show } from "../errors.ts";
import { isMethodName, methodNames } from "../method/registry.ts";
import { didYouMean } from "../nearest.ts";
import { scheduleNames } from "../schedule/registry.ts";
import type { Experiment, Options } from "./define.ts";
import { problemsOf } from "./issues.ts";
import { methodProblems } from "./method-problems.ts";
import { onlyProblems, restricted } from "./only.ts";
import { applyOptions, type Overrides, withFields } from "./overrides.ts";
import { runFields, type Settings, settingsSchema } from "./settings.ts";

export interface ResolvedExperiment {
  readonly name: string;
  readonly options: Options;
  readonly overrides: Overrides;
  readonly settings: Settings;
}

/** @throws ExperimentError with every mistake that was found. */
export function resolveExperiment(
  experiment: Experiment,
  overrides: Overrides,
): ResolvedExperiment {
  requireName(experiment.name);
  const { options, fields, problems } = applyOptions(experiment.options, overrides.set, runFields);
  if (problems.length > 0) throw new ExperimentError(problems);
  // Defaults first: `optimizer.trunk.learningRate` may be set where the experiment names no optimizer.
  const own = parse(build(experiment, options));
  const named = methodByName(scheduleByName(fields, own), own);
  const whole = parse(withFields(own, named));
  const misnamed = onlyProblems(whole);
  if (misnamed.length > 0) throw new ExperimentError(misnamed);
  const settings = restricted(whole);
  const found = [
    ...shardProblems(settings),
    ...dataProblems(settings),
    ...methodProblems(settings),
  ];
  if (found.length > 0) throw new ExperimentError(found);
  return { name: experiment.name, options, overrides, settings };
}

/** Run folders are named after the experiment. */
function requireName(name: unknown): void {
  if (typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return;
  const should = "letters, digits, `_`, `.` and `-`, beginning with a letter or digit";
  throw new ExperimentError([
    {
      path: "name",
      code: "experiment/invalid-value",
      message: expected("name", should, name),
      remedy: "Give the experiment a name that can be a folder's.",
    },
  ]);
}

function parse(given: object): Settings {
  const { raw, problems } = withMethodNamed(given as Record<string, unknown>);
  const parsed = settingsSchema.safeParse(raw);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ExperimentError([...problems, ...problemsOf(parsed.error?.issues ?? [], raw)]);
}

function build(experiment: Experiment, options: Options): object {
  try {
    return experiment.build(options);
  } catch (cause) {
    if (cause instanceof ExperimentError) throw cause;
    throw new ExperimentError([
      {
        path: "build",
        code: "experiment/failed",
        message: `The experiment's \`build\` threw: ${cause instanceof Error ? cause.message : show(cause)}`,
        remedy:
          "Correct the experiment's own code; the options that it was given may be out of range.",
      },
    ]);
  }
}

/**
 * A schedule may be named, as `ate-sg`; it then keeps the experiment's own parameters where it is of the
 * same kind, and takes the defaults where it is not.
 */
function scheduleByName(
  fields: Readonly<Record<string, unknown>>,
  { schedule: own }: Settings,
): Record<string, unknown> {
  const { schedule: name, ...rest } = fields;
  if (name === undefined) return rest;
  const kinds = Object.entries(scheduleNames);
  const kind = kinds.find(([key, text]) => text === name || key === name)?.[0] ?? name;
  const schedule = own.kind === kind ? own : { kind };
  return { schedule, ...rest };
}

/** As for schedules, also within a wrapper: a named method keeps the experiment's own options where it is the same. */
function methodByName(fields: Readonly<Record<string, unknown>>, own: Settings) {
  const { method: name, "method.of": inner, ...rest } = fields;
  const wrapped = inner === undefined ? {} : { "method.of": namedMethod(inner) };
  if (typeof name !== "string") return { ...fields, ...wrapped };
  const method = own.method.kind === name ? own.method : namedMethod(name);
  return { method, ...wrapped, ...rest };
}

/** A method that is not known stays a name, for the problem to be told. */
function namedMethod(name: unknown): unknown {
  return typeof name === "string" && isMethodName(name) ? { kind: name } : name;
}

/** The method as an object; a name that is none is told beside all other problems. */
function withMethodNamed(raw: Record<string, unknown>) {
  const { method, ...rest } = raw;
  if (typeof method !== "string") return { raw, problems: [] };
  if (isMethodName(method)) return { raw: { ...rest, method: { kind: method } }, problems: [] };
  const should = `one of ${methodNames.join(", ")}`;
  const problem: Problem = {
    path: "method",
    code: "experiment/unknown-name",
    message: expected("method", should, method) + didYouMean(method, methodNames),
    remedy: "Set `method` to the name of a method; docs/methods.md lists them.",
  };
  return { raw: rest, problems: [problem] };
}

function shardProblems({ shards, tasks }: Settings): Problem[] {
  const count = Object.keys(tasks).length;
  if (shards === undefined || shards <= count) return [];
  return [
    {
      path: "shards",
      code: "experiment/invalid-value",
      message: `Parameter \`shards\` should be at most the number of tasks, ${count}. Found ${shards}.`,
      remedy: `Set \`shards\` to ${count} or less: a shard is a group of tasks.`,
    },
  ];
}

function dataProblems({ data, tasks }: Settings): Problem[] {
  if (data !== undefined) return [];
  return Object.entries(tasks)
    .filter(([, task]) => task.data === undefined)
    .map(([name]) => ({
      path: `tasks.${name}.data`,
      code: "experiment/invalid-value",
      message: `Task \`${name}\` has no data: neither the experiment nor the task names any.`,
      remedy: "Set `data` for all tasks, or for each task.",
    }));
}

/** Neighbouring tasks, as evenly as they go, into the experiment's shards. */
export function shardsOf(settings: Settings): string[][] {
  const tasks = Object.keys(settings.tasks);
  const count = settings.shards ?? Math.min(tasks.length, 8);
  const shards = Array.from({ length: count }, (): string[] => []);
  tasks.forEach((task, index) => {
    shards[Math.floor((index * count) / tasks.length)]!.push(task);
  });
  return shards;
}
