// MoCo: weights descend the norm of the combined direction, on gradients that are smoothed over steps.

import { z } from "zod";
import { arrayOf } from "../../optimizer/state.ts";
import { defineMethod } from "../definition.ts";
import { demandLoss } from "../loss-check.ts";
import type { RowTransform } from "../method.ts";
import { softmax } from "../softmax.ts";
import { forPresent, normOf } from "../transform.ts";

const schema = z.strictObject({
  kind: z.literal("moco"),
  beta: z.number().positive().max(1).default(0.5),
  betaSigma: z.number().min(0).default(0.5),
  gamma: z.number().min(0).default(0.1),
  gammaSigma: z.number().min(0).default(0.5),
  rho: z.number().min(0).default(0),
});

export type MocoSpec = z.infer<typeof schema>;

export interface MocoOptions {
  /** Step of the moving average. @default 0.5 */
  beta?: number;
  /** Exponent by which that step falls. @default 0.5 */
  betaSigma?: number;
  /** Step of the weights. @default 0.1 */
  gamma?: number;
  /** Exponent by which that step falls. @default 0.5 */
  gammaSigma?: number;
  /** L2 regularization of the weights' step. @default 0 */
  rho?: number;
}

/**
 * MoCo (Fernando et al., Mitigating Gradient Bias in Multi-objective Learning: A Provably Convergent
 * Approach, ICLR 2023), in step t = 1, 2, ..., with y_k in the worker:
 *
 *     h_k = L_k g_k / (||g_k|| + 1e-8)
 *     y_k <- y_k - (beta / t^s1) (y_k - h_k),   y_k = 0 at the start
 *     lambda <- softmax(lambda - (gamma / t^s2) (Y Y^T + rho I) lambda),   1/M at the start
 *     d = sum_k lambda_k y_k
 *
 * The form of the authors' code in LibMTL, with its defaults: the paper projects lambda on the simplex where
 * the code takes a softmax, and has plain gradients for h. Losses must be at least 0: below, h would point
 * uphill.
 */
export function moco(options: MocoOptions = {}): MocoSpec {
  const { beta = 0.5, betaSigma = 0.5, gamma = 0.1, gammaSigma = 0.5, rho = 0 } = options;
  return { kind: "moco", beta, betaSigma, gamma, gammaSigma, rho };
}

export const mocoDefinition = defineMethod({
  schema,
  make: (spec) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    transform: tracked(spec),
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "the direction is a moving average of gradients of length L",
      nonConflicting: "weights come near the least norm over many steps only",
      scaleInvariant: "a row is as long as its loss",
      weightsSumToOne: true,
      weightsSumToTasks: "they sum to 1, as published",
      nonNegativeWeights: true,
    },
    init: (taskCount) => ({ lambda: new Array<number>(taskCount).fill(1 / taskCount) }),
    weigh(state, { clock, gram }) {
      const lambda = state.lambda!;
      const rate = spec.gamma / (clock.step + 1) ** spec.gammaSigma;
      const moved = lambda.map((share, k) => {
        const product = lambda.reduce((sum, other, j) => sum + gram[k]![j]! * other, 0);
        return share - rate * (product + spec.rho * share);
      });
      const weights = softmax(moved);
      return { state: { lambda: weights }, weights };
    },
  }),
});

/** The row becomes y. */
function tracked({ beta, betaSigma }: MocoSpec): RowTransform {
  return {
    arrays: ["y"],
    scalars: {},
    apply(state, row, step) {
      demandLoss("moco", "at least 0", step.loss);
      const y = arrayOf(state, "y");
      const scale = step.loss / (normOf(row) + 1e-8);
      const rate = beta / (step.clock.step + 1) ** betaSigma;
      forPresent(step, row.length, (from, to) => {
        for (let i = from; i < to; i++) {
          y[i] = y[i]! - rate * (y[i]! - row[i]! * scale);
          row[i] = y[i]!;
        }
      });
      return undefined;
    },
  };
}
