// Loads an experiment module: finds the file, compiles it to see that it can be and which files belong
// to it, imports it and looks at what it exports. What the experiment says is checked elsewhere.

import { resolve } from "node:path";
import type { Experiment, Problem } from "@trunkline/core";
import { ExperimentError, TrunklineError } from "@trunkline/core";
import { compile } from "./compile.ts";
import { findExperiment } from "./find-experiment.ts";
import { importModule } from "./import-module.ts";
import { hashSources, type SourceFile } from "./source-hash.ts";

export interface LoadedExperiment {
  definition: Experiment;
  /** The module and everything that it imports but packages, by name. */
  sources: readonly SourceFile[];
  /** SHA-256 over names and contents of `sources`; the same on every machine that has the same files. */
  sourceHash: string;
}

/** Loads the module at `path`; throws an ExperimentError for all that its author can have done wrong. */
export async function loadExperiment(path: string): Promise<LoadedExperiment> {
  const file = await findExperiment(path);
  const { inputs, code } = await compile(file);
  const { sources, sourceHash } = await hashSources(resolve(file, ".."), inputs);
  const exported = await importModule(code).catch((cause: unknown) => {
    throw failure(path, cause);
  });
  return { definition: definitionIn(exported, path), sources, sourceHash };
}

function failure(path: string, cause: unknown): TrunklineError {
  // The library's own functions check what the module hands them, and say it better.
  if (cause instanceof TrunklineError) return cause;
  const missing = /Cannot find (?:package|module) '([^']+)'/.exec(String(cause))?.[1];
  const problem: Problem = {
    path,
    code: "experiment/failed",
    message: `The module threw ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}.`,
    remedy:
      missing === undefined
        ? "Correct the module's code; the cause has the stack."
        : `Install \`${missing}\` where the experiment is.`,
  };
  return Object.assign(new ExperimentError([problem]), { cause });
}

function definitionIn(exported: unknown, path: string): Experiment {
  if (isExperiment(exported)) return exported;
  throw new ExperimentError([
    {
      path,
      code: "experiment/no-definition",
      message: `The default export should be made by \`defineExperiment\`. Found ${kindOf(exported)}.`,
      remedy: "Write `export default defineExperiment({ name, build })`.",
    },
  ]);
}

function isExperiment(value: unknown): value is Experiment {
  return hasKind(value) && value.kind === "trunkline-experiment";
}

function hasKind(value: unknown): value is { kind: unknown } {
  return typeof value === "object" && value !== null && "kind" in value;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "none";
  if (value === null) return "null";
  const article = /^[aeiou]/.test(typeof value) ? "an" : "a";
  return `${article} ${typeof value}`;
}
