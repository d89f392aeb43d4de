// What a benchmark hands back, and how its medians are taken.

/** One benchmark's outcome. */
export interface BenchResult {
  name: string;
  /** The headline, higher is better: times faster than the reference, or share of the limit. */
  ratio: number;
  /** What `ratio` counts, as "times faster than plain tfjs". */
  unit: string;
  /** The numbers behind the ratio, with their units in their names. */
  detail: Readonly<Record<string, unknown>>;
}

export interface BenchOptions {
  /** Only the result is wanted: print no table. */
  json: boolean;
}

/** The middle value; the mean of the middle two of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
