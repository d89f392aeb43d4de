// Failures of the file system, as errors that name the file and the way out.

import { EnvironmentError } from "@trunkline/core";

/** The error to throw for `cause`, met while doing something to `path`. */
export function fileError(path: string, doing: "read" | "write", cause: unknown): EnvironmentError {
  if (cause instanceof EnvironmentError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  const details = { path, code };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new EnvironmentError("environment/disk-full", `No space is left to write ${path}.`, {
      remedy: "Free some space, or choose a folder on another disk with `--out`.",
      details,
      cause,
    });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EnvironmentError("environment/file", `Cannot ${doing} ${path}: ${reason}.`, {
    remedy: "Check that the folder exists and that this user may use it.",
    details,
    cause,
  });
}
