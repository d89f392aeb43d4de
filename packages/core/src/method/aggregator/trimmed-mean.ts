// Trimmed mean: at each coordinate the extreme gradients are left out. A guard against faulty workers, no
// balancing.
// Letters: M = tasks, P = length of the trunk.

import { z } from "zod";
import { ExperimentError, expected } from "../../errors.ts";
import { defineMethod } from "../definition.ts";

const schema = z.strictObject({
  kind: z.literal("trimmed-mean"),
  trim: z.union([z.number().min(0).lt(0.5), z.int().min(1)]).default(0.2),
});

export type TrimmedMeanSpec = z.infer<typeof schema>;

export interface TrimmedMeanOptions {
  /**
   * What is cut from each end: below 0.5 a share of the M gradients, rounded down; from 1 on their number b,
   * with M at least 2b + 1. The paper names no default. @default 0.2
   */
  trim?: number;
}

/**
 * Coordinate-wise trimmed mean (Yin, Chen, Ramchandran & Bartlett, Byzantine-Robust Distributed Learning:
 * Towards Optimal Statistical Rates, ICML 2018, Definition 2). At each coordinate i:
 *
 *     d_i = mean of the M values g_ki without the b smallest and the b largest
 *
 * What it does not defend against: more than b bad gradients; bad ones that stay inside the honest spread,
 * coordinate by coordinate, and push a little in every step, alone or together; labels or losses that are
 * wrong without making the gradient extreme; anything at all where b is 0, as with the default share and
 * M < 5. Its theory takes gradients of one task from samples of one distribution: of different tasks, the
 * one that differs most loses its say at every coordinate where it does.
 */
export function trimmedMean({ trim = 0.2 }: TrimmedMeanOptions = {}): TrimmedMeanSpec {
  return { kind: "trimmed-mean", trim };
}

export const trimmedMeanDefinition = defineMethod({
  schema,
  make: ({ trim }) => ({
    form: "aggregator",
    needs: "rows",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: trim < 1 || "a lone gradient leaves nothing to trim and is refused",
      nonConflicting: "a task that differs from the others is cut away",
      scaleInvariant: "a task is cut or kept by the size of its gradient",
      weightsSumToOne: "there are no weights: each coordinate is decided alone",
      weightsSumToTasks: "there are no weights: each coordinate is decided alone",
      nonNegativeWeights: "there are no weights: each coordinate is decided alone",
    },
    init({ taskCount }) {
      demandRest(trim, taskCount);
      return { arrays: {}, scalars: {} };
    },
    aggregate(_state, rows, _step, direction) {
      const cut = cutOf(trim, rows.length);
      const values = new Float32Array(rows.length);
      for (let i = 0; i < direction.length; i++) {
        for (let k = 0; k < values.length; k++) values[k] = rows[k]![i]!;
        direction[i] = meanWithin(values.sort(), cut);
      }
    },
  }),
});

/** b. */
function cutOf(trim: number, taskCount: number): number {
  return trim < 1 ? Math.floor(trim * taskCount) : trim;
}

/** Mean of ascending values without the first and last `cut`. */
function meanWithin(values: Float32Array, cut: number): number {
  let sum = 0;
  for (let k = cut; k < values.length - cut; k++) sum += values[k]!;
  return sum / (values.length - 2 * cut);
}

function demandRest(trim: number, taskCount: number): void {
  if (cutOf(trim, taskCount) * 2 < taskCount) return;
  const path = "method.trim";
  const should = `below half of the ${taskCount} tasks`;
  throw new ExperimentError([
    {
      path,
      code: "experiment/invalid-value",
      message: expected(path, should, trim),
      remedy: `Lower \`${path}\`, so that gradients are left at each coordinate.`,
    },
  ]);
}
