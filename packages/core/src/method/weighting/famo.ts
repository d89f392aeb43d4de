// FAMO: balances how fast the losses fall, from losses before and after a step.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { descend, descentFrom, descentOf } from "../descent.ts";
import { demandLosses } from "../loss-check.ts";
import { demandPerTask } from "../per-task.ts";
import { softmax } from "../softmax.ts";

const schema = z.strictObject({
  kind: z.literal("famo"),
  learningRate: z.number().positive().default(0.025),
  decay: z.number().min(0).default(1e-3),
  minLosses: z.array(z.number()).optional(),
});

export type FamoSpec = z.infer<typeof schema>;

export interface FamoOptions {
  /** Of Adam over w. @default 0.025 */
  learningRate?: number;
  /** gamma: L2 decay of w, which draws the weights back to equality. @default 1e-3 */
  decay?: number;
  /** The least value that each task's loss can have, `[M]`, in the tasks' order. @default all 0 */
  minLosses?: number[];
}

/**
 * Fast adaptive multitask optimization (Liu, Feng, Stone & Liu, FAMO, NeurIPS 2023, Algorithm 1), with L'
 * the losses on the same batch after the trunk moved:
 *
 *     D_k = L_k - Lmin_k + 1e-8,   z = softmax(w),   w = 0 at the start
 *     alpha_k = z_k / (c D_k),   c = sum_k z_k / D_k
 *     delta_k = log D_k - log D'_k
 *     w <- Adam(w, z_k (delta_k - sum_j z_j delta_j) + gamma w_k)
 *
 * Weights sum to 1. Adam has b1 = 0.9, b2 = 0.999, eps = 1e-8; its rate is the official code's and gamma
 * that of its run scripts (other places of it have 1e-2, 1e-5 and 0). Losses must be above Lmin. The
 * official trainer also clips the trunk's gradient to norm 1, which is the run's `clip` here.
 */
export function famo(options: FamoOptions = {}): FamoSpec {
  const { learningRate = 0.025, decay = 1e-3, minLosses } = options;
  return { kind: "famo", learningRate, decay, ...(minLosses === undefined ? {} : { minLosses }) };
}

export const famoDefinition = defineMethod({
  schema,
  make: ({ learningRate, decay, minLosses }) => ({
    form: "weighting",
    needs: "losses",
    learns: "lossesAfter",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: minLosses === undefined || "`minLosses` stays in the tasks' order",
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: minLosses === undefined || "`minLosses` does not follow the scale",
      weightsSumToOne: true,
      weightsSumToTasks: "they sum to 1, as published",
      nonNegativeWeights: true,
    },
    init(taskCount) {
      if (minLosses !== undefined) demandPerTask("minLosses", minLosses, taskCount);
      return descentFrom(new Array<number>(taskCount).fill(0));
    },
    weigh(state, { losses }) {
      const gaps = gapsOf(losses, minLosses);
      const shares = softmax(state.values!).map((z, k) => z / gaps[k]!);
      const c = shares.reduce((sum, share) => sum + share, 0);
      return { state, weights: shares.map((share) => share / c) };
    },
    learn(state, { losses, lossesAfter }) {
      const w = descentOf(state);
      const gradient = famoGradient(
        w.values,
        gapsOf(losses, minLosses),
        gapsOf(lossesAfter, minLosses),
      );
      const decayed = gradient.map((g, k) => g + decay * w.values[k]!);
      return descend(w, decayed, learningRate);
    },
  }),
});

/** D, `[M]`. */
function gapsOf(losses: readonly number[], minLosses: readonly number[] | undefined): number[] {
  const above = losses.map((loss, k) => loss - (minLosses?.[k] ?? 0));
  demandLosses("famo", "at least 0", above);
  return above.map((gap) => gap + 1e-8);
}

/** What Adam gets for w, without decay, from D and D'; all `[M]`. */
export function famoGradient(
  w: readonly number[],
  gaps: readonly number[],
  gapsAfter: readonly number[],
): number[] {
  const z = softmax(w);
  const fall = gaps.map((gap, k) => Math.log(gap) - Math.log(gapsAfter[k]!));
  const mean = fall.reduce((sum, delta, k) => sum + z[k]! * delta, 0);
  return fall.map((delta, k) => z[k]! * (delta - mean));
}
