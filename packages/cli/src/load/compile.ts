// Compiles an experiment without running it: syntax errors and missing files are found with their line
// before anything starts, and the files that the experiment consists of become known.

import { dirname, resolve } from "node:path";
import { ExperimentError, type Problem } from "@trunkline/core";
import { type BuildFailure, build, type Message } from "esbuild";
import { shownPath } from "./shown-path.ts";

/**
 * The experiment's own files, as slash-separated paths relative to its folder: the module and what it
 * imports by relative paths. Packages are left out; the lock file of their owner names those.
 */
export async function compile(file: string): Promise<string[]> {
  const folder = dirname(file);
  try {
    const { metafile } = await build({
      absWorkingDir: folder,
      bundle: true,
      entryPoints: [file],
      format: "esm",
      logLevel: "silent",
      metafile: true,
      packages: "external",
      platform: "node",
      target: "node20",
      write: false,
    });
    return Object.keys(metafile.inputs);
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new ExperimentError(error.errors.map((message) => problem(file, message)));
  }
}

function problem(file: string, { location, text }: Message): Problem {
  const path =
    location === null
      ? shownPath(file)
      : `${shownPath(resolve(dirname(file), location.file))}:${location.line}:${location.column + 1}`;
  return {
    path,
    code: "experiment/not-compiled",
    message: `${text.replace(/\.$/, "")}.`,
    remedy: "Correct the file at that place.",
  };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
