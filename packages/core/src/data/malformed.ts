// Errors of the file readers.

import { ExperimentError } from "../errors.ts";

/** A file that is not what its format says; `message` completes the sentence that the name begins. */
export function malformed(name: string, message: string, remedy: string): ExperimentError {
  return new ExperimentError([{ path: name, code: "data/malformed", message, remedy }]);
}
