// Functions of small symmetric positive semidefinite matrices by way of their eigenvalues.
// Letters: M = rows, lambda = eigenvalues, V = eigenvectors.

import { EigenvalueDecomposition, Matrix as LibraryMatrix } from "ml-matrix";
import type { Matrix } from "../method.ts";

/** Machine epsilon of float32, which gradients are made in. */
const float32Epsilon = 2 ** -23;

export interface Spectrum {
  /** Eigenvalues above the rank tolerance, ascending, `[R]`. */
  readonly values: readonly number[];
  /** Their unit eigenvectors, `[R][M]`. */
  readonly vectors: readonly (readonly number[])[];
}

/**
 * Eigenvalues and vectors of A `[M, M]`, symmetric. Eigenvalues of at most `max(lambda) M 2^-23` are
 * dropped: float32 gradients say nothing about them, and their inverses would only magnify rounding.
 */
export function spectrum(matrix: Matrix): Spectrum {
  const decomposition = new EigenvalueDecomposition(new LibraryMatrix([...matrix]), {
    assumeSymmetric: true,
  });
  const all = decomposition.realEigenvalues;
  const least = Math.max(0, ...all) * all.length * float32Epsilon;
  const kept = all.map((_, index) => index).filter((index) => all[index]! > least);
  kept.sort((a, b) => all[a]! - all[b]!);
  return {
    values: kept.map((index) => all[index]!),
    vectors: kept.map((index) => decomposition.eigenvectorMatrix.getColumn(index)),
  };
}

/** V f(lambda) V^T x over the eigenvalues that were kept: x `[M]`, result `[M]`. */
export function applySpectrum(
  { values, vectors }: Spectrum,
  f: (value: number) => number,
  x: ArrayLike<number>,
): Float64Array {
  const result = new Float64Array(x.length);
  vectors.forEach((vector, index) => {
    const component = vector.reduce((sum, entry, i) => sum + entry * x[i]!, 0);
    const factor = f(values[index]!) * component;
    for (let i = 0; i < result.length; i++) result[i]! += factor * vector[i]!;
  });
  return result;
}

/** A^+ x with the pseudo-inverse of a symmetric positive semidefinite A. */
export function pseudoSolve(matrix: Matrix, x: ArrayLike<number>): Float64Array {
  return applySpectrum(spectrum(matrix), (value) => 1 / value, x);
}
