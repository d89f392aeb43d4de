// Whether every run of a comparison can be what it is meant to be, before the first one starts.

import {
  type Experiment,
  ExperimentError,
  methodNames,
  type Problem,
  resolveExperiment,
  type Settings,
} from "@trunkline/core";
import type { ListedMethod } from "./methods.ts";

type Set = Readonly<Record<string, string>>;

/** Fields that differ between the runs of a comparison. */
const varied: Readonly<Record<string, string>> = {
  seed: "Say how many seeds with `--seeds`.",
  method: "Name the methods with `--methods`, with options as in `cagrad:c=0.5`.",
};

/**
 * The experiment as all runs have it but for seed and method.
 *
 * @throws ExperimentError with every mistake in `set` and in the methods.
 */
export function checkMethods(
  experiment: Experiment,
  methods: readonly ListedMethod[],
  set: Set,
): Settings {
  const fixed = Object.keys(set).filter((key) => varied[key.split(".")[0]!] !== undefined);
  if (fixed.length > 0) throw new ExperimentError(fixed.map(variedProblem));
  const { settings } = resolveExperiment(experiment, { set });
  const problems = methods.flatMap((method) => problemsOf(experiment, method, set));
  if (problems.length > 0) throw new ExperimentError(problems);
  return settings;
}

function variedProblem(key: string): Problem {
  return {
    path: key,
    code: "experiment/invalid-value",
    message: `A comparison sets \`${key.split(".")[0]}\` itself.`,
    remedy: varied[key.split(".")[0]!]!,
  };
}

function problemsOf(experiment: Experiment, method: ListedMethod, set: Set): Problem[] {
  const { text, name } = method;
  // Options mean nothing where the name does not.
  const own = methodNames.some((known) => known === name) ? method.set : { method: name };
  try {
    resolveExperiment(experiment, { set: { ...set, ...own } });
    return [];
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return error.problems.map((problem) => ({
      ...problem,
      path: `--methods ${text}`,
      remedy: remedyOf(problem, name),
    }));
  }
}

function remedyOf({ path, code, remedy }: Problem, name: string): string {
  const option = /^method\.(.+)$/.exec(path)?.[1];
  if (option === undefined || code !== "experiment/invalid-value") return remedy;
  return `${remedy} Options of a method follow its name: \`--methods ${name}:${option}=VALUE\`.`;
}
