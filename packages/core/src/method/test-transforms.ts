// What the tests of transforms share: the course of one task's rows, step by step.

import type { RowBlock, RowTransform } from "./method.ts";
import { transformState } from "./transform.ts";

export interface Course {
  /** One row `[P]` per step. */
  rows: readonly (readonly number[])[];
  /** Per step. @default 1 */
  losses?: readonly number[];
  /** Per step. @default one block, present */
  blocks?: readonly (readonly RowBlock[] | undefined)[];
}

/** Rows as the transform leaves them, what it reported, and the state at the end; from a fresh state. */
export function runTransform(transform: RowTransform, { rows, losses, blocks }: Course) {
  const state = transformState(transform, rows[0]!.length);
  const reported: (number | undefined)[] = [];
  const left = rows.map((row, step) => {
    const written = Float32Array.from(row);
    const present = blocks?.[step];
    const clock = { step, epoch: 0 };
    const loss = losses?.[step] ?? 1;
    reported.push(
      transform.apply(state, written, {
        clock,
        loss,
        ...(present === undefined ? {} : { blocks: present }),
      }),
    );
    return written;
  });
  return { rows: left, reported, state };
}

/** Repeatable numbers in [-1, 1). */
export function noiseRow(length: number, seed: number): number[] {
  return Array.from({ length }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}
