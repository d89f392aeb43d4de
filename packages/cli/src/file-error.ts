// Files that the command line writes by itself, when that fails: which file, why, and what to do.

import { EnvironmentError } from "@trunkline/core";

/** @param remedy - What to do about all but a full disk, whose remedy it follows there. */
export function fileError(path: string, cause: unknown, remedy: string): EnvironmentError {
  const { code = "unknown", message } = cause as NodeJS.ErrnoException;
  const details = { path, code };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new EnvironmentError("environment/disk-full", `No space is left to write ${path}.`, {
      remedy: `Free some space, or choose a folder on another disk. ${remedy}`,
      details,
      cause,
    });
  }
  const sentence = `Cannot write ${path}: ${message}.`;
  return new EnvironmentError("environment/file", sentence, { remedy, details, cause });
}
