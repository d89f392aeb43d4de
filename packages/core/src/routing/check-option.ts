// A router's option outside its range: found where the experiment's code names it.

import { ExperimentError, expected } from "../errors.ts";

/** Throws unless `isSound`; `should` completes "`path` should be". */
export function checkOption(
  path: string,
  { isSound, should, found }: { isSound: boolean; should: string; found: unknown },
): void {
  if (isSound) return;
  throw new ExperimentError([
    {
      path,
      code: "experiment/invalid-value",
      message: expected(path, should, found),
      remedy: `Correct \`${path}\`.`,
    },
  ]);
}
