// Which ranges of a file to read for a set of rows: neighbours in one read, so that a batch of random
// rows costs few reads where the rows are small and no needless bytes where they are large.

export interface RowRange {
  /** First row to read. */
  first: number;
  /** Number of rows to read, gaps included. */
  rows: number;
  /** Positions in the list of indices that the range serves. */
  positions: Uint32Array;
}

export interface RowRangeLimits {
  /** A gap of at most that many unwanted rows is read along with its neighbours. */
  gapRows: number;
  /** Rows in one range, at least 1. */
  maxRows: number;
}

/** Ranges in ascending order that cover `indices`, which may repeat and come in any order. */
export function rowRanges(indices: ArrayLike<number>, limits: RowRangeLimits): RowRange[] {
  const order = Uint32Array.from({ length: indices.length }, (_, position) => position);
  order.sort((a, b) => indices[a]! - indices[b]!);
  const ranges: RowRange[] = [];
  for (let start = 0, end = 0; start < order.length; start = end) {
    const first = indices[order[start]!]!;
    let last = first;
    for (end = start + 1; end < order.length; end++) {
      const next = indices[order[end]!]!;
      if (next - last - 1 > limits.gapRows || next - first >= limits.maxRows) break;
      last = next;
    }
    ranges.push({ first, rows: last - first + 1, positions: order.subarray(start, end) });
  }
  return ranges;
}
