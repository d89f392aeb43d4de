// Solution of small symmetric positive definite systems.

import { CholeskyDecomposition, Matrix as LibraryMatrix } from "ml-matrix";
import type { Matrix } from "../method.ts";

/**
 * x with A x = b, by Cholesky's decomposition.
 *
 * @param matrix - A, `[M, M]`, symmetric to the bit.
 * @param right - b, `[M]`.
 * @returns x, `[M]`, or undefined where A is not positive definite to rounding.
 */
export function solvePositiveDefinite(
  matrix: Matrix,
  right: ArrayLike<number>,
): Float64Array | undefined {
  const decomposition = new CholeskyDecomposition(new LibraryMatrix([...matrix]));
  if (!decomposition.isPositiveDefinite()) return undefined;
  const solution = decomposition.solve(LibraryMatrix.columnVector(right));
  return Float64Array.from(solution.to1DArray());
}
