import { describe, expect, test } from "vitest";
import {
  addToDiagonal,
  diagonal,
  dot,
  frobeniusNorm,
  quadraticForm,
  rescale,
  restrict,
  timesVector,
} from "./gram.ts";

const matrix = [Float64Array.of(6, 0, -6), Float64Array.of(0, 14, -9), Float64Array.of(-6, -9, 37)];

describe("arithmetic on small matrices", () => {
  test("multiplies and takes forms", () => {
    expect(dot([1, 2], [3, 4])).toBe(11);
    expect([...timesVector(matrix, [1, 2, 3])]).toEqual([-12, 1, 87]);
    expect(quadraticForm(matrix, [1, 2, 3])).toBe(251);
    expect(frobeniusNorm(matrix)).toBeCloseTo(Math.sqrt(36 + 196 + 1369 + 2 * (36 + 81)), 12);
  });

  test("a form that rounding makes negative is 0", () => {
    const cancelling = [Float64Array.of(1, -1 - 1e-15), Float64Array.of(-1 - 1e-15, 1)];
    expect(quadraticForm(cancelling, [1, 1])).toBe(0);
  });

  test("restricts to rows and columns, in the order asked for", () => {
    expect(restrict(matrix, [2, 0]).map((row) => [...row])).toEqual([
      [37, -6],
      [-6, 6],
    ]);
  });

  test("rescales on both sides and leaves the matrix as it was", () => {
    const scaled = rescale(matrix, [1, 2, 3]);
    expect(scaled.map((row) => [...row])).toEqual([
      [6, 0, -18],
      [0, 56, -54],
      [-18, -54, 333],
    ]);
    expect([...diagonal(addToDiagonal(matrix, 1))]).toEqual([7, 15, 38]);
    expect([...diagonal(matrix)]).toEqual([6, 14, 37]);
  });
});
