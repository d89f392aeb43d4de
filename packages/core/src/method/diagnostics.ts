// What the Gram matrix of a step tells beside the weights: conflicts, magnitudes, what the step should do to
// each loss, and how far the trunk is from a Pareto-stationary point. It decides nothing.
// Letters: M = tasks, G = J J^T, n = norms, alpha = weights, d = J^T alpha.

import type { Matrix } from "./method.ts";
import { diagonal, quadraticForm, timesVector } from "./solver/gram.ts";
import { minNormWeights } from "./solver/min-norm.ts";

export interface GradientDiagnostics {
  /** G_ij / (n_i n_j), `[M, M]`; 0 beside a gradient that is zero. */
  readonly cosines: readonly (readonly number[])[];
  /** Share of the pairs of tasks whose cosine is negative; 0 with one task. */
  readonly conflictRate: number;
  /** 2 n_i n_j / (n_i^2 + n_j^2), `[M, M]` (Yu et al., 2020, Definition 2); 0 beside a zero gradient. */
  readonly magnitudeSimilarity: readonly (readonly number[])[];
  /**
   * -lr (G alpha)_k, `[M]`: how each loss should change to first order if the trunk moves by -lr d, as plain
   * SGD moves it; another optimizer moves it elsewhere.
   */
  readonly predictedChange: readonly number[];
  /** min of a^T G a over the simplex: 0 where no direction lowers all losses (Desideri, 2012). */
  readonly stationarity: number;
  /** The same over the largest squared norm, within [0, 1]: free of the losses' common unit. */
  readonly relativeStationarity: number;
}

/**
 * @param gram - G, `[M, M]`, finite, symmetric to the bit.
 * @param weights - alpha, `[M]`.
 * @param learningRate - lr of the trunk in this step.
 */
export function gradientDiagnostics(
  gram: Matrix,
  weights: readonly number[],
  learningRate: number,
): GradientDiagnostics {
  const squares = diagonal(gram);
  const largest = Math.max(...squares);
  const stationarity = largest > 0 ? quadraticForm(gram, minNormWeights(gram)) : 0;
  const cosines = table(gram, (value, i, j) =>
    Math.max(-1, Math.min(1, value / Math.sqrt(squares[i]!) / Math.sqrt(squares[j]!))),
  );
  return {
    cosines,
    conflictRate: conflictRate(cosines),
    magnitudeSimilarity: table(gram, (_, i, j) => similarity(squares[i]!, squares[j]!)),
    predictedChange: Array.from(timesVector(gram, weights), (gain) => 0 - learningRate * gain),
    stationarity,
    relativeStationarity: largest > 0 ? stationarity / largest : 0,
  };
}

/** f(G_ij, i, j), and 0 where gradient i or j is zero. */
function table(gram: Matrix, f: (value: number, i: number, j: number) => number): number[][] {
  return gram.map((row, i) =>
    Array.from(row, (value, j) => (row[i]! > 0 && gram[j]![j]! > 0 ? f(value, i, j) : 0)),
  );
}

/** From squared norms; by their ratio, since their product may leave the range of numbers. */
function similarity(a: number, b: number): number {
  const ratio = Math.sqrt(Math.min(a, b) / Math.max(a, b));
  return (2 * ratio) / (1 + ratio ** 2);
}

function conflictRate(cosines: readonly (readonly number[])[]): number {
  const pairs = cosines.flatMap((row, i) => row.slice(i + 1));
  return pairs.length === 0 ? 0 : pairs.filter((cosine) => cosine < 0).length / pairs.length;
}
