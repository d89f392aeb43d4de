// The gradients of all tasks at the coordinator, for methods that look at them together. One buffer for the
// whole run: the inner products are formed stretch by stretch, in double precision, and the rows are kept
// only where the direction is made of them.
// Letters: M = tasks, P = length of the trunk.

import { addInnerProducts, weightedSum } from "@trunkline/core";

export interface RowsTerms {
  /** Number of tasks of each shard. */
  shardSizes: readonly number[];
  /** P. */
  length: number;
  /** Numbers in one stretch. */
  chunkLength: number;
  /** Whether the rows themselves are wanted after their stretch was taken. */
  kept: boolean;
}

export class Rows {
  readonly #terms: RowsTerms;
  readonly #taskCount: number;
  #rows: Float32Array[];
  #gram: Float64Array[];

  constructor(terms: RowsTerms) {
    this.#terms = terms;
    this.#taskCount = terms.shardSizes.reduce((sum, size) => sum + size, 0);
    const length = terms.kept ? terms.length : 0;
    this.#rows = this.#each(() => new Float32Array(length));
    this.#gram = this.#each(() => new Float64Array(this.#taskCount));
  }

  /** Takes one stretch of all rows, in the order of tasks. */
  take(chunk: number, stretches: readonly Float32Array[]): void {
    const { chunkLength, kept } = this.#terms;
    if (chunk === 0) this.#gram = this.#each(() => new Float64Array(this.#taskCount));
    addInnerProducts(this.#gram, stretches);
    if (!kept) return;
    for (const [k, stretch] of stretches.entries())
      this.#rows[k]!.set(stretch, chunk * chunkLength);
  }

  /** Inner products `[M, M]` of what was taken since stretch 0. */
  get gram(): readonly Float64Array[] {
    return this.#gram;
  }

  /** `[M][P]`; borrowed, and may be written to. */
  get rows(): readonly Float32Array[] {
    return this.#rows;
  }

  /**
   * `sum_k weights[k] row_k`, `[P]`, as the shards' own sums would add up: the same bits as where workers
   * make the sums.
   */
  direction(weights: readonly number[]): Float32Array {
    const { length, shardSizes } = this.#terms;
    const sum = new Float32Array(length);
    const part = new Float32Array(length);
    let from = 0;
    for (const [shard, size] of shardSizes.entries()) {
      const of = <T>(all: readonly T[]) => all.slice(from, from + size);
      const target = shard === 0 ? sum : part;
      weightedSum(of(this.#rows), of(weights), target);
      if (shard > 0) for (let i = 0; i < length; i++) sum[i]! += part[i]!;
      from += size;
    }
    return sum;
  }

  #each<T>(make: () => T): T[] {
    return Array.from({ length: this.#taskCount }, make);
  }
}
