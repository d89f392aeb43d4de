// PCGrad: each task's gradient loses what opposes the others, one after the other.

import { z } from "zod";
import { permutation } from "../../random/permutation.ts";
import { defineMethod } from "../definition.ts";
import type { Matrix } from "../method.ts";
import { weighPresent } from "../present.ts";
import { dot } from "../solver/gram.ts";

const schema = z.strictObject({ kind: z.literal("pcgrad") });

export type PcgradSpec = z.infer<typeof schema>;

/**
 * PCGrad (Yu, Kumar, Gupta, Levine, Hausman & Finn, Gradient Surgery for Multi-Task Learning, NeurIPS 2020,
 * Algorithm 1). For each task i, from g = g_i, over the other tasks j in random order:
 *
 *     if g . g_j < 0:  g <- g - (g . g_j / ||g_j||^2) g_j
 *
 * and the trunk follows the sum of all g. Here in terms of the Gram matrix: with g = sum_j c_j g_j, the
 * product g . g_j is (G c)_j. The order is drawn for each i from the step's own stream. A sum of gradients
 * that never conflict is the plain sum.
 */
export function pcgrad(): PcgradSpec {
  return { kind: "pcgrad" };
}

export const pcgradDefinition = defineMethod({
  schema,
  make: () => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: "projections are made in an order that is drawn",
      oneTaskIsPlain: true,
      nonConflicting: "with three tasks a later projection can undo an earlier one",
      scaleInvariant: "a task counts by the size of its gradient",
      weightsSumToOne: "it is a sum, and each projection adds weight",
      weightsSumToTasks: "each projection adds weight",
      nonNegativeWeights: true,
    },
    init: () => ({}),
    weigh: (state, step) =>
      weighPresent(state, step, ({ gram, tasks }) => {
        const weights = new Float64Array(tasks.length);
        for (let i = 0; i < tasks.length; i++) {
          const order = permutation(tasks.length, step.random);
          const projected = project(gram, i, order);
          for (let j = 0; j < weights.length; j++) weights[j]! += projected[j]!;
        }
        return { weights };
      }),
  }),
});

/** Coefficients of task i's gradient after its projections, `[K]`. */
function project(gram: Matrix, i: number, order: Uint32Array): Float64Array {
  const coefficients = new Float64Array(gram.length);
  coefficients[i] = 1;
  for (const j of order) {
    const product = dot(gram[j]!, coefficients);
    if (j !== i && product < 0) coefficients[j]! -= product / gram[j]![j]!;
  }
  return coefficients;
}
