// Which weights of a run are meant.

import { access } from "node:fs/promises";
import { checkpointPath, type RunFolder } from "@trunkline/coordinator";
import { EnvironmentError } from "@trunkline/core";

/** `final`: those that the run ended with and its result was measured on. */
export type CheckpointName = "best" | "last" | "final";

export interface WeightsFile {
  checkpoint: CheckpointName;
  path: string;
}

/** The file of the weights; without a wish the final ones, or the last ones of a run without an end. */
export async function weightsFile(
  folder: RunFolder,
  wanted: "best" | "last" | undefined,
): Promise<WeightsFile> {
  if (wanted === undefined && (await exists(folder.weights))) {
    return { checkpoint: "final", path: folder.weights };
  }
  const checkpoint = wanted ?? "last";
  const path = checkpointPath(folder, checkpoint);
  if (await exists(path)) return { checkpoint, path };
  throw new EnvironmentError(
    "cli/no-run",
    `The run has no checkpoint \`${checkpoint}\`: ${path}.`,
    {
      remedy:
        wanted === "best"
          ? "Choose `--checkpoint last`: the run was never evaluated on validation data."
          : "Train again: the run ended before its first phase did.",
      details: { checkpoint, path },
    },
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
