// What the Gram matrix of a step tells beside the weights: conflicts, and how far the trunk is from a
// Pareto-stationary point. It decides nothing.
// Letters: M = tasks, G = J J^T, n = norms.

import type { Matrix } from "./method.ts";
import { diagonal, quadraticForm } from "./solver/gram.ts";
import { minNormWeights } from "./solver/min-norm.ts";

export interface GradientDiagnostics {
  /** G_ij / (n_i n_j), `[M, M]`; 0 beside a gradient that is zero. */
  readonly cosines: readonly (readonly number[])[];
  /** Share of the pairs of tasks whose cosine is negative; 0 with one task. */
  readonly conflictRate: number;
  /**
   * min of a^T G a over the simplex, by the largest squared norm: 0 where no direction lowers all losses
   * (Desideri, 2012), at most 1.
   */
  readonly stationarity: number;
}

/** @param gram - G, `[M, M]`, finite, symmetric to the bit. */
export function gradientDiagnostics(gram: Matrix): GradientDiagnostics {
  const squares = diagonal(gram);
  const largest = Math.max(...squares);
  const cosines = cosinesOf(gram, squares);
  return {
    cosines,
    conflictRate: conflictRate(cosines),
    stationarity: largest > 0 ? quadraticForm(gram, minNormWeights(gram)) / largest : 0,
  };
}

function cosinesOf(gram: Matrix, squares: Float64Array): number[][] {
  return gram.map((row, i) =>
    Array.from(row, (value, j) => {
      if (squares[i] === 0 || squares[j] === 0) return 0;
      // Root by root: the squares' product may leave the range of numbers.
      return Math.max(-1, Math.min(1, value / Math.sqrt(squares[i]!) / Math.sqrt(squares[j]!)));
    }),
  );
}

function conflictRate(cosines: readonly (readonly number[])[]): number {
  const pairs = cosines.flatMap((row, i) => row.slice(i + 1));
  return pairs.length === 0 ? 0 : pairs.filter((cosine) => cosine < 0).length / pairs.length;
}
