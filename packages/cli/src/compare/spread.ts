// Mean and deviation of a figure over seeds.

export interface Spread {
  mean: number;
  /** Sample standard deviation, over n - 1; undefined with a single value. */
  sd: number | undefined;
}

/** Of the values that are there; undefined where none is. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const there = values.filter((value) => value !== undefined);
  const count = there.length;
  if (count === 0) return undefined;
  const mean = there.reduce((sum, value) => sum + value, 0) / count;
  const squares = there.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: count === 1 ? undefined : Math.sqrt(squares / (count - 1)) };
}
