// Nash-MTL: the bargain in which every task's gain is the inverse of its weight.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { cosinesOf, type Present, scatter, weighPresent } from "../present.ts";
import { fairPoint } from "../solver/fair-point.ts";
import { addToDiagonal, frobeniusNorm, quadraticForm } from "../solver/gram.ts";
import { minNormWeights } from "../solver/min-norm.ts";

const schema = z.strictObject({
  kind: z.literal("nash-mtl"),
  maxNorm: z.number().positive().nullable().default(1),
  every: z.int().min(1).default(1),
  normaliseGram: z.boolean().default(true),
});

export type NashMtlSpec = z.infer<typeof schema>;

export interface NashMtlOptions {
  /** The direction is shortened to this length where it is longer; null leaves it. @default 1 */
  maxNorm?: number | null;
  /** New weights are computed in each step whose number this divides, else kept. @default 1 */
  every?: number;
  /** Whether G is divided by its Frobenius norm before it is solved. @default true */
  normaliseGram?: boolean;
}

/** Added to the cosines' diagonal where they have no solution. */
const ridge = 1e-10;

/**
 * Nash-MTL (Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik & Fetaya, Multi-Task Learning as a
 * Bargaining Game, ICML 2022, Claim 3.1 and Algorithm 1):
 *
 *     alpha > 0 with G alpha = 1 / alpha, element by element;   d = sum_k alpha_k g_k
 *
 * As it is, d always has length sqrt(M), and a task's loss times s makes its weight 1/s: direction and
 * length know nothing of the losses' units. With `normaliseGram`, as in the authors' code, both grow by
 * the root of ||G||_F, and `maxNorm` then usually decides the step's length. Heads are scaled, as there.
 *
 * Departures: solved by damped Newton steps over the cosines, to full precision, instead of the authors'
 * sequence of convex programs. `maxNorm` shortens the weights, so that the heads see it too. With `every`
 * above 1 the solution is kept, and not the gradients' upload saved. Where there is no solution (gradients
 * that cancel), 1e-10 is added to the cosines' diagonal; where that does not help, the last weights are
 * used, or, before there are any, the shortest combination of the unit gradients. Both are reported.
 */
export function nashMtl(options: NashMtlOptions = {}): NashMtlSpec {
  const { maxNorm = 1, every = 1, normaliseGram = true } = options;
  return { kind: "nash-mtl", maxNorm, every, normaliseGram };
}

export const nashMtlDefinition = defineMethod({
  schema,
  make: (spec) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: "a lone gradient is normalised",
      nonConflicting: spec.every === 1 || "kept weights were computed for other gradients",
      scaleInvariant: true,
      weightsSumToOne: "each weight is the inverse of the task's gain",
      weightsSumToTasks: "each weight is the inverse of the task's gain",
      nonNegativeWeights: true,
    },
    // 0 stands for a weight that was never computed.
    init: (taskCount) => ({ alpha: new Array<number>(taskCount).fill(0) }),
    weigh: (state, step) =>
      weighPresent(state, step, (present) => {
        const last = present.tasks.map((k) => state.alpha![k]!);
        const kept = step.clock.step % spec.every !== 0 && last.every((alpha) => alpha > 0);
        const { alpha, instead } = kept ? { alpha: last } : bargain(present, spec, last);
        return {
          weights: shortened(alpha, present, spec.maxNorm),
          state: { alpha: scatter(alpha, present.tasks, step.taskCount) },
          ...(instead !== undefined && { instead }),
        };
      }),
  }),
});

interface Bargain {
  /** `[K]`. */
  readonly alpha: readonly number[];
  readonly instead?: string;
}

function bargain(present: Present, spec: NashMtlSpec, last: readonly number[]): Bargain {
  const { gram, norms, scale } = present;
  const cosines = cosinesOf(present);
  const unit = spec.normaliseGram ? Math.sqrt(frobeniusNorm(gram)) : 1 / Math.sqrt(scale);
  const alphaOf = (b: Float64Array) => Array.from(b, (share, k) => (share / norms[k]!) * unit);
  const exact = solve(cosines);
  if (exact !== undefined) return { alpha: alphaOf(exact) };
  const near = solve(addToDiagonal(cosines, ridge));
  if (near !== undefined) {
    return { alpha: alphaOf(near), instead: "1e-10 was added to the diagonal of the cosines" };
  }
  if (last.every((alpha) => alpha > 0)) {
    return { alpha: last, instead: "the last weights were used again" };
  }
  const instead = "the shortest combination of the unit gradients was used";
  return { alpha: alphaOf(minNormWeights(cosines)), instead };
}

/** b > 0 with C b = 1 / b. */
function solve(cosines: Float64Array[]): Float64Array | undefined {
  const scales = new Float64Array(cosines.length).fill(1);
  return fairPoint({ cosines, scales, exponent: 1 });
}

function shortened(alpha: readonly number[], { gram, scale }: Present, maxNorm: number | null) {
  const length = Math.sqrt(quadraticForm(gram, alpha) * scale);
  const factor = maxNorm === null || length <= maxNorm ? 1 : maxNorm / length;
  return alpha.map((weight) => weight * factor);
}
