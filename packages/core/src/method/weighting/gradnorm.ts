// GradNorm: trains the weights until all tasks' gradients have the norms that their progress asks for.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { descend, descentFrom, descentOf } from "../descent.ts";
import { demandLosses } from "../loss-check.ts";
import { softmax } from "../softmax.ts";

const schema = z.strictObject({
  kind: z.literal("gradnorm"),
  alpha: z.number().min(0).default(1.5),
  learningRate: z.number().positive().default(0.025),
});

export type GradnormSpec = z.infer<typeof schema>;

export interface GradnormOptions {
  /** How strongly tasks that are behind are pushed. @default 1.5 */
  alpha?: number;
  /** Of Adam over p, which the trunk's optimizer has no part in. @default 0.025 */
  learningRate?: number;
}

/**
 * GradNorm (Chen, Badrinarayanan, Lee & Rabinovich, GradNorm: Gradient Normalization for Adaptive Loss
 * Balancing in Deep Multitask Networks, ICML 2018, Algorithm 1), with L_k(0) the mean of task k's losses
 * over epoch 0:
 *
 *     w = M softmax(p),   N_k = w_k ||g_k||
 *     r_k = (L_k / L_k(0)) / mean_j (L_j / L_j(0))
 *     target_k = (mean_j N_j) r_k^alpha,   a constant
 *     p <- Adam(p, d/dp sum_k |N_k - target_k|)
 *
 * Weights are 1 in epoch 0 and sum to M. Departures: the paper takes norms at the last shared layer, here
 * over the whole trunk, as LibMTL does; it moves w itself and divides by the sum afterwards, which lets
 * weights become negative, where LibMTL and this have the softmax; it reads L_k(0) off the first step
 * (LibMTL: epoch 0). Weights are those of the step before: norms cost no message then. Alpha is LibMTL's; the
 * rate is {@link uw}'s. Losses must be at least 0, and not all 0 in epoch 0.
 */
export function gradnorm({
  alpha = 1.5,
  learningRate = 0.025,
}: GradnormOptions = {}): GradnormSpec {
  return { kind: "gradnorm", alpha, learningRate };
}

export const gradnormDefinition = defineMethod({
  schema,
  make: ({ alpha, learningRate }) => ({
    form: "weighting",
    needs: "nothing",
    learns: "norms",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "weights follow a gradient's norm over many steps only",
      weightsSumToOne: "they sum to M, as published",
      weightsSumToTasks: true,
      nonNegativeWeights: true,
    },
    /** Beside p: the sum of the losses over epoch 0, and the number of its steps. */
    init: (taskCount) => {
      const zeros = new Array<number>(taskCount).fill(0);
      return { ...descentFrom(zeros), sum: zeros, count: [0] };
    },
    weigh: (state) => ({ state, weights: weightsOf(state.values!) }),
    learn(state, { clock, losses, norms }) {
      demandLosses("gradnorm", "at least 0", losses);
      const sum = state.sum!;
      const count = state.count![0]!;
      if (clock.epoch === 0 || count === 0) {
        const sums = sum.map((total, k) => total + losses[k]!);
        return { ...state, sum: sums, count: [count + 1] };
      }
      const initial = sum.map((total) => total / count);
      demandLosses("gradnorm", "greater than 0", initial);
      const p = descentOf(state);
      const w = weightsOf(p.values);
      const { targets } = gradnormTargets({ w, norms, losses, initial, alpha });
      return { ...state, ...descend(p, slope(w, norms, targets), learningRate) };
    },
  }),
});

function weightsOf(p: readonly number[]): number[] {
  return softmax(p).map((share) => p.length * share);
}

export interface GradnormFigures {
  w: readonly number[];
  /** Of the unweighted gradients. */
  norms: readonly number[];
  losses: readonly number[];
  initial: readonly number[];
  alpha: number;
}

/** The norms that the weighted gradients should have, and how far they are away in sum; all `[M]`. */
export function gradnormTargets({ w, norms, losses, initial, alpha }: GradnormFigures) {
  const taskCount = w.length;
  const mean = norms.reduce((sum, norm, k) => sum + (w[k]! * norm) / taskCount, 0);
  const ratios = losses.map((loss, k) => loss / initial[k]!);
  // All losses 0: no task is behind another.
  const meanRatio = ratios.reduce((sum, ratio) => sum + ratio / taskCount, 0) || 1;
  const targets = ratios.map((ratio) => mean * (ratio / meanRatio) ** alpha);
  const loss = targets.reduce((sum, target, k) => sum + Math.abs(w[k]! * norms[k]! - target), 0);
  return { targets, loss };
}

/** d/dp of that sum, through w = M softmax(p): w_k (h_k - mean_j w_j h_j), h_k = sign(..) ||g_k||. */
function slope(w: readonly number[], norms: readonly number[], targets: readonly number[]) {
  const h = norms.map((norm, k) => Math.sign(w[k]! * norm - targets[k]!) * norm);
  const mean = h.reduce((sum, hk, k) => sum + (w[k]! * hk) / w.length, 0);
  return h.map((hk, k) => w[k]! * (hk - mean));
}
