// FairGrad: tasks' gains are shared out by alpha-fairness.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { cosinesOf, type Present, type Solution, weighPresent } from "../present.ts";
import { fairPoint } from "../solver/fair-point.ts";
import { addToDiagonal } from "../solver/gram.ts";
import { minNormWeights } from "../solver/min-norm.ts";

const schema = z.strictObject({
  kind: z.literal("fair-grad"),
  alpha: z.number().positive().default(1),
});

export type FairGradSpec = z.infer<typeof schema>;

export interface FairGradOptions {
  /**
   * The fairness: towards 0 the sum of the gains counts, 1 is the bargain of Nash-MTL, large ones favour
   * the task that gains least. @default 1
   */
  alpha?: number;
}

/** Added to the cosines' diagonal where they have no solution. */
const ridge = 1e-10;

/**
 * FairGrad (Ban & Ji, Fair Resource Allocation in Multi-Task Learning, ICML 2024, Algorithm 1),
 * with the fairness a:
 *
 *     w > 0 with G w = w^(-1/a), element by element;   d = sum_k w_k g_k
 *
 * a = 1 is the default of the authors' code. Its clip of the direction to length 1 is left to the run's own
 * clipping. Heads follow their own gradients, as there.
 *
 * Departures: solved by damped Newton steps in scaled variables, to full precision, instead of least
 * squares. Where there is no solution (gradients that cancel), 1e-10 is added to the cosines' diagonal;
 * where that does not help, the shortest combination of the unit gradients is used. Both are reported.
 */
export function fairGrad({ alpha = 1 }: FairGradOptions = {}): FairGradSpec {
  return { kind: "fair-grad", alpha };
}

export const fairGradDefinition = defineMethod({
  schema,
  make: ({ alpha }) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "a lone gradient is lengthened by a power of its norm",
      nonConflicting: true,
      scaleInvariant: alpha === 1 || "only with a = 1 is a task's gain free of its unit",
      weightsSumToOne: "each weight is a power of the task's gain",
      weightsSumToTasks: "each weight is a power of the task's gain",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh: (state, step) => weighPresent(state, step, (present) => fair(present, alpha)),
  }),
});

/**
 * With w_k = (y_k / n_k) s^(-a / (1 + a)), G = s D C D, D = diag(n): (C y)_k = q_k (y_k / q_k)^(-1/a) where
 * q_k = n_k^((1 - a) / (1 + a)); orthogonal gradients have y = q.
 */
function fair(present: Present, a: number): Solution {
  const { norms, scale } = present;
  const cosines = cosinesOf(present);
  const scales = norms.map((norm) => norm ** ((1 - a) / (1 + a)));
  const weightsOf = (y: Float64Array) =>
    y.map((share, k) => share / norms[k]! / scale ** (a / (1 + a)));
  const exact = fairPoint({ cosines, scales, exponent: 1 / a });
  if (exact !== undefined) return { weights: weightsOf(exact) };
  const near = fairPoint({ cosines: addToDiagonal(cosines, ridge), scales, exponent: 1 / a });
  if (near !== undefined) {
    return { weights: weightsOf(near), instead: "1e-10 was added to the diagonal of the cosines" };
  }
  const instead = "the shortest combination of the unit gradients was used";
  return { weights: weightsOf(minNormWeights(cosines)), instead };
}
