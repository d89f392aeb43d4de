// Steps that divide a task's gradient by the root of its own squares so far: AdaGrad's and RMSProp's.

import { arrayOf } from "../../optimizer/state.ts";
import type { RowTransform } from "../method.ts";
import { forPresent } from "../transform.ts";

export interface RootConstants {
  /** Share of the old squares that a step keeps. */
  readonly keep: number;
  /** Share of the new square that it takes. */
  readonly take: number;
  /** Added to the root. */
  readonly epsilon: number;
}

/** s <- keep s + take g^2; the row g becomes g / (sqrt(s) + eps), 0 where that is 0 / 0. */
export function rootTransform({ keep, take, epsilon }: RootConstants): RowTransform {
  return {
    arrays: ["s"],
    scalars: {},
    apply(state, row, step) {
      const s = arrayOf(state, "s");
      forPresent(step, row.length, (from, to) => {
        for (let i = from; i < to; i++) {
          const g = row[i]!;
          const squares = keep * s[i]! + take * g * g;
          s[i] = squares;
          const denominator = Math.sqrt(squares) + epsilon;
          row[i] = denominator === 0 ? 0 : g / denominator;
        }
      });
      return undefined;
    },
  };
}
