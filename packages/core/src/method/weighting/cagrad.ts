// CAGrad: the direction near the mean gradient that is best for the task that it helps least.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import type { Matrix } from "../method.ts";
import { weighPresent } from "../present.ts";
import { dot, quadraticForm, timesVector } from "../solver/gram.ts";
import { minimiseOnSimplex } from "../solver/simplex.ts";

const schema = z.strictObject({
  kind: z.literal("cagrad"),
  c: z.number().min(0).lt(1).default(0.4),
  rescale: z.literal([0, 1, 2]).default(1),
});

export type CagradSpec = z.infer<typeof schema>;

export interface CagradOptions {
  /** How far from the mean gradient, as a share of its length; 0 is the mean. @default 0.4 */
  c?: number;
  /** What the direction is divided by: 0: nothing; 1: 1 + c^2; 2: 1 + c. @default 1 */
  rescale?: CagradSpec["rescale"];
}

/** Added below the roots, for gradients whose longest has length 1: the authors' code has the same number. */
const smoothing = 1e-8;

/**
 * Conflict-averse gradient descent (Liu, Liu, Jin, Stone & Liu, Conflict-Averse Gradient Descent for
 * Multi-task Learning, NeurIPS 2021, Algorithm 1), with the mean gradient g_0:
 *
 *     d = argmax of min_k g_k . d over ||d - g_0|| <= c ||g_0||
 *
 * by its dual, with g_w = sum_k w_k g_k:
 *
 *     w = argmin of g_w . g_0 + c ||g_0|| ||g_w|| over the simplex
 *     d = (g_0 + c ||g_0|| g_w / ||g_w||) / rescale
 *
 * c = 0.4 is the authors' value for NYUv2; rescale 1 is their code's default and not in the paper.
 */
export function cagrad({ c = 0.4, rescale = 1 }: CagradOptions = {}): CagradSpec {
  return { kind: "cagrad", c, rescale };
}

export const cagradDefinition = defineMethod({
  schema,
  make: ({ c, rescale }) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: rescale === 2 || "a lone gradient is lengthened by 1 + c and then rescaled",
      nonConflicting: "it may move away from the mean by c of its length only",
      scaleInvariant: "a task counts in the mean by the size of its gradient",
      weightsSumToOne: "a second vector of its own length is added to the mean",
      weightsSumToTasks: "a second vector of its own length is added to the mean",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh: (state, step) =>
      weighPresent(state, step, ({ gram }) => {
        const divisor = [1, 1 + c ** 2, 1 + c][rescale]!;
        return { weights: averse(gram, c).map((weight) => weight / divisor) };
      }),
  }),
});

/** Weights of g_0 + c ||g_0|| g_w / ||g_w||, `[K]`. */
function averse(gram: Matrix, c: number): Float64Array {
  const centre = new Float64Array(gram.length).fill(1 / gram.length);
  const products = timesVector(gram, centre);
  const radius = c * Math.sqrt(quadraticForm(gram, centre));
  const lengthOf = (w: Float64Array) => Math.sqrt(quadraticForm(gram, w) + smoothing);
  const w = minimiseOnSimplex(gram.length, {
    value: (point) => dot(products, point) + radius * lengthOf(point),
    gradient(point) {
      const factor = radius / lengthOf(point);
      return timesVector(gram, point).map((slope, k) => products[k]! + factor * slope);
    },
  });
  const factor = radius / lengthOf(w);
  return centre.map((share, k) => share + factor * w[k]!);
}
