// Smooth Tchebycheff: a soft maximum of the losses, each relative to where it stood early in the run.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandLosses } from "../loss-check.ts";
import { softmax } from "../softmax.ts";

const schema = z.strictObject({
  kind: z.literal("stch"),
  mu: z.number().positive().default(1),
  warmupEpochs: z.int().min(0).default(4),
});

export type StchSpec = z.infer<typeof schema>;

export interface StchOptions {
  /** Smoothing; small ones come near the hard maximum. @default 1 */
  mu?: number;
  /** Whole epochs before the one whose mean losses become the nadir. @default 4 */
  warmupEpochs?: number;
}

/**
 * Smooth Tchebycheff scalarization (Lin et al., Smooth Tchebycheff Scalarization for Multi-Objective
 * Optimization, ICML 2024), in the form of its authors' code for multi-task learning:
 *
 *     epochs 0 to `warmupEpochs`:  L = sum_k log L_k,   alpha_k = 1 / L_k
 *     nadir_k = mean of L_k over epoch `warmupEpochs`
 *     after:   f_k = log(L_k / nadir_k),   L = M mu log sum_k exp(f_k / mu),
 *              alpha_k = M softmax(f / mu)_k / L_k
 *
 * Defaults are that code's. Departure: it adds 1e-20 inside of its logarithms; here losses must be
 * positive. The paper's preferences are left out, as in that code.
 */
export function stch({ mu = 1, warmupEpochs = 4 }: StchOptions = {}): StchSpec {
  return { kind: "stch", mu, warmupEpochs };
}

export const stchDefinition = defineMethod({
  schema,
  make: ({ mu, warmupEpochs }) => ({
    form: "weighting",
    needs: "losses",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the gradient of log L is g / L",
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: true,
      weightsSumToOne: "they are shares divided by losses",
      weightsSumToTasks: "they are shares divided by losses",
      nonNegativeWeights: true,
    },
    /** The sum of the losses over epoch `warmupEpochs`, and the number of its steps. */
    init: (taskCount) => ({ sum: new Array<number>(taskCount).fill(0), count: [0] }),
    weigh(state, { clock, losses }) {
      demandLosses("stch", "greater than 0", losses);
      const sum = state.sum!;
      const count = state.count![0]!;
      if (clock.epoch > warmupEpochs && count > 0) {
        const nadir = sum.map((total) => total / count);
        return { state, weights: stchWeights(losses, nadir, mu) };
      }
      const weights = losses.map((loss) => 1 / loss);
      if (clock.epoch < warmupEpochs) return { state, weights };
      const sums = sum.map((total, k) => total + losses[k]!);
      return { state: { sum: sums, count: [count + 1] }, weights };
    },
  }),
});

/** alpha after the warm-up, `[M]`. */
export function stchWeights(
  losses: readonly number[],
  nadir: readonly number[],
  mu: number,
): number[] {
  const shares = softmax(losses.map((loss, k) => Math.log(loss / nadir[k]!) / mu));
  return shares.map((share, k) => (losses.length * share) / losses[k]!);
}
