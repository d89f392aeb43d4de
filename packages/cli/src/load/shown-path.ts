// Paths as messages show them.

import { relative } from "node:path";

/** Relative to the working directory where it lies inside, else absolute. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}
