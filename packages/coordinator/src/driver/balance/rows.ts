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

export interface Stretches {
  /** Index of the stretch. */
  chunk: number;
  /** One of each row, in the order of tasks; borrowed. */
  rows: readonly Float32Array[];
  /** Whether this step's inner products are wanted. */
  products: boolean;
}

export class Rows {
  readonly #terms: RowsTerms;
  readonly #taskCount: number;
  readonly #rows: Float32Array[];
  /** Empty where nobody wants the step's. */
  #gram: Float64Array[] = [];
  /** Which rows were found to be NaN or infinite as they were copied. */
  #broken = new Set<number>();
  /** `[P]` each, made when they are needed first. */
  #sum: Float32Array | null = null;
  #part: Float32Array | null = null;

  constructor(terms: RowsTerms) {
    this.#terms = terms;
    this.#taskCount = terms.shardSizes.reduce((sum, size) => sum + size, 0);
    const length = terms.kept ? terms.length : 0;
    this.#rows = this.#each(() => new Float32Array(length));
  }

  /** Takes one stretch of all rows; the first one begins a new step. */
  take({ chunk, rows, products }: Stretches): void {
    const { chunkLength, kept } = this.#terms;
    if (chunk === 0) this.#begin(products);
    if (products) addInnerProducts(this.#gram, rows);
    if (!kept) return;
    for (const [k, row] of rows.entries()) {
      const target = this.#rows[k]!.subarray(chunk * chunkLength);
      // The inner products tell where they are formed.
      if (products) target.set(row);
      else if (!copyFinite(row, target)) this.#broken.add(k);
    }
  }

  /** Index of the first row that is NaN or infinite somewhere, or -1. */
  get notFinite(): number {
    if (this.#gram.length > 0) return this.#gram.findIndex((row, k) => !Number.isFinite(row[k]!));
    return this.#broken.size > 0 ? Math.min(...this.#broken) : -1;
  }

  /** Inner products `[M, M]` of what was taken since stretch 0; empty where they were not wanted. */
  get gram(): readonly Float64Array[] {
    return this.#gram;
  }

  get isKept(): boolean {
    return this.#terms.kept;
  }

  /** `[M][P]`; borrowed, and may be written to. */
  get rows(): readonly Float32Array[] {
    return this.#rows;
  }

  /** `[P]`, to be filled with a direction; the same one in every step. */
  get target(): Float32Array {
    this.#sum ??= new Float32Array(this.#terms.length);
    return this.#sum;
  }

  /**
   * `sum_k weights[k] row_k`, `[P]`, as the shards' own sums would add up: the same bits as where workers
   * make the sums. In {@link target}: the caller may write to it, until the next step.
   */
  direction(weights: readonly number[]): Float32Array {
    const { shardSizes } = this.#terms;
    const sum = this.target;
    let from = 0;
    for (const [shard, size] of shardSizes.entries()) {
      const of = <T>(all: readonly T[]) => all.slice(from, from + size);
      const part = weightedSum(of(this.#rows), of(weights), shard === 0 ? sum : this.#partOf());
      if (shard > 0) for (let i = 0; i < sum.length; i++) sum[i]! += part[i]!;
      from += size;
    }
    return sum;
  }

  #partOf(): Float32Array {
    this.#part ??= new Float32Array(this.#terms.length);
    return this.#part;
  }

  #begin(products: boolean): void {
    this.#broken.clear();
    this.#gram = products ? this.#each(() => new Float64Array(this.#taskCount)) : [];
  }

  #each<T>(make: () => T): T[] {
    return Array.from({ length: this.#taskCount }, make);
  }
}

/** Copies into the start of `target`; whether all of it is finite. */
function copyFinite(source: Float32Array, target: Float32Array): boolean {
  // Stays 0 as long as everything is finite: the cheapest way to look at each number once.
  let doubt = 0;
  for (let i = 0; i < source.length; i++) {
    const value = source[i]!;
    target[i] = value;
    doubt += value - value;
  }
  return doubt === 0;
}
