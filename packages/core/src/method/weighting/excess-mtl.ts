// ExcessMTL: tasks that are far from their own optimum weigh most, by an estimate that label noise does
// not raise.

import { z } from "zod";
import { arrayOf } from "../../optimizer/state.ts";
import { defineMethod } from "../definition.ts";
import type { RowTransform } from "../method.ts";
import { softmax } from "../softmax.ts";
import { forPresent } from "../transform.ts";

const schema = z.strictObject({
  kind: z.literal("excess-mtl"),
  stepSize: z.number().positive().default(0.01),
});

export type ExcessMtlSpec = z.infer<typeof schema>;

export interface ExcessMtlOptions {
  /** How fast weights follow the excess risks. @default 0.01 */
  stepSize?: number;
}

/**
 * ExcessMTL (He et al., Robust Multi-Task Learning with Excess Risks, ICML 2024), with S_k the
 * sum of the squared gradients so far, coordinate by coordinate, in the worker:
 *
 *     S_k <- S_k + g_k^2,   e_k = sum_i g_ki^2 / sqrt(S_ki + 1e-7)
 *     w_k <- w_k exp(eta e_k / e_k(0)),   then divided so that they sum to M
 *
 * e_k(0) is the task's first excess that is not zero; until then its weight is not moved, so that all are
 * 1 in the first step. eta = 0.01 and 1e-7 are those of LibMTL and the official code. w is kept as its
 * logarithm: published products overflow where a gradient starts near zero.
 */
export function excessMtl({ stepSize = 0.01 }: ExcessMtlOptions = {}): ExcessMtlSpec {
  return { kind: "excess-mtl", stepSize };
}

export const excessMtlDefinition = defineMethod({
  schema,
  make: ({ stepSize }) => ({
    form: "weighting",
    needs: "norms",
    learns: "nothing",
    transform: measured,
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "excesses are relative to the first one, gradients are not",
      weightsSumToOne: "they sum to M, as published",
      weightsSumToTasks: true,
      nonNegativeWeights: true,
    },
    /** Logarithms of w, the largest 0, and e(0), 0 where it is not known yet. */
    init(taskCount) {
      const zeros = new Array<number>(taskCount).fill(0);
      return { logs: zeros, first: zeros };
    },
    weigh(state, { norms: excess }) {
      const first = state.first!;
      const moved = state.logs!.map((log, k) => log + stepSize * relative(excess[k]!, first[k]!));
      const largest = Math.max(...moved);
      const next = {
        logs: moved.map((log) => log - largest),
        first: first.map((known, k) => (known > 0 ? known : excess[k]!)),
      };
      return { state: next, weights: softmax(next.logs).map((share) => share * moved.length) };
    },
  }),
});

function relative(excess: number, first: number): number {
  return first > 0 ? excess / first : 0;
}

/** Leaves the row and reports e_k. */
const measured: RowTransform = {
  arrays: ["squares"],
  scalars: {},
  apply(state, row, step) {
    const squares = arrayOf(state, "squares");
    let excess = 0;
    forPresent(step, row.length, (from, to) => {
      for (let i = from; i < to; i++) {
        const square = row[i]! * row[i]!;
        const sum = squares[i]! + square;
        squares[i] = sum;
        excess += square / Math.sqrt(sum + 1e-7);
      }
    });
    return excess;
  },
};
