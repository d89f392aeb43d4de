// What the transforms of rows share: their state before the first step, and the walk over the blocks that
// a task's pass touched.

import type { OptimizerState } from "../optimizer/state.ts";
import type { RowBlock, RowTransform, TransformStep } from "./method.ts";

/** State of one task before its first step, for rows of `length` numbers. */
export function transformState(transform: RowTransform, length: number): OptimizerState {
  return {
    arrays: Object.fromEntries(transform.arrays.map((name) => [name, new Float32Array(length)])),
    scalars: { ...transform.scalars },
  };
}

/** Calls `visit` for each block that is present, with the block's number. */
export function forPresent(
  { blocks }: TransformStep,
  length: number,
  visit: (from: number, to: number, block: number) => void,
): void {
  const all: readonly RowBlock[] = blocks ?? [{ from: 0, to: length, present: true }];
  for (const [b, { from, to, present }] of all.entries()) if (present) visit(from, to, b);
}

/** Euclidean norm, in double precision; 0 for the zero row only. */
export function normOf(row: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < row.length; i++) squares += row[i]! * row[i]!;
  return Math.sqrt(squares);
}
