// Finds the experiment file that a path means, or the name that was probably meant.

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { didYouMean, ExperimentError } from "@trunkline/core";
import { shownPath } from "./shown-path.ts";

/** The absolute path of an existing file; throws `experiment/not-found`. */
export async function findExperiment(path: string): Promise<string> {
  const file = resolve(path);
  const found = await kindOf(file);
  if (found === "file") return file;
  throw new ExperimentError([
    {
      path,
      code: "experiment/not-found",
      message: `The experiment should be a file. ${found === "folder" ? "Found a folder." : "There is none of that name."}`,
      remedy: await suggestion(file, found),
    },
  ]);
}

async function suggestion(file: string, found: "folder" | "nothing"): Promise<string> {
  if (found === "nothing") return slip(file);
  const inside = (await readdir(file)).filter((name) => /\.[cm]?[jt]s$/.test(name)).sort();
  const likely = inside.includes("experiment.ts") ? "experiment.ts" : inside[0];
  if (likely === undefined) return "Name its file.";
  return `Did you mean \`${shownPath(join(file, likely))}\`?`;
}

/** Names the first part of the path that does not exist, and what was probably meant by it. */
async function slip(file: string): Promise<string> {
  const part = basename(file);
  const folder = dirname(file);
  if ((await kindOf(folder)) === "nothing" && folder !== file) return slip(folder);
  const names = await readdir(folder).catch(() => []);
  return `There is no \`${part}\` in ${shownPath(folder) || "this folder"}.${didYouMean(part, names)}`;
}

async function kindOf(path: string): Promise<"file" | "folder" | "nothing"> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return "nothing";
  return found.isDirectory() ? "folder" : "file";
}
