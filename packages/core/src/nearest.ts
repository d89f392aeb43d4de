// The known name nearest to a mistyped one, for error messages.

import { closest, distance } from "fastest-levenshtein";

/** ` Did you mean \`NAME\`?` with the nearest of `known`, if near enough to be a slip; else nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const lower = name.toLowerCase();
  const nearest = closest(
    lower,
    known.map((candidate) => candidate.toLowerCase()),
  );
  if (distance(lower, nearest) > Math.max(2, Math.floor(name.length / 3))) return "";
  const match = known.find((candidate) => candidate.toLowerCase() === nearest);
  return ` Did you mean \`${match}\`?`;
}
