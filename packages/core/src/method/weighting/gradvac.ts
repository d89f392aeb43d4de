// GradVac: gradients are turned towards each other until their cosines reach what they usually are.

import { z } from "zod";
import { permutation } from "../../random/permutation.ts";
import type { Random } from "../../random/random.ts";
import { defineMethod } from "../definition.ts";
import { type Present, weighPresent } from "../present.ts";
import { dot } from "../solver/gram.ts";

const schema = z.strictObject({
  kind: z.literal("gradvac"),
  beta: z.number().min(0).max(1).default(0.5),
});

export type GradvacSpec = z.infer<typeof schema>;

export interface GradvacOptions {
  /** Share of the newest cosine in each target; 0 leaves targets at 0, which is PCGrad. @default 0.5 */
  beta?: number;
}

/** A target of exactly 1 would ask for an infinite step. */
const largestTarget = 1 - 1e-6;
/** Squared length, of the largest gradient's: what is left of a gradient that was cancelled. */
const vanished = 1e-24;

/**
 * Gradient Vaccine (Wang, Tsvetkov, Firat & Cao, Gradient Vaccine: Investigating and Improving Multi-task
 * Optimization in Massively Multilingual Models, ICLR 2021, Algorithm 1). For each task i, from
 * g = g_i, over the other tasks j in random order, with a target t_ij of each ordered pair, 0 at the start:
 *
 *     phi = cos(g, g_j)
 *     if phi < t_ij:  g <- g + ||g|| (t sqrt(1 - phi^2) - phi sqrt(1 - t^2)) / (||g_j|| sqrt(1 - t^2)) g_j
 *     t_ij <- (1 - beta) t_ij + beta phi
 *
 * and the trunk follows the sum of all g. In terms of the Gram matrix, as in `pcgrad`, which the first step
 * equals. phi is the cosine before the change, and targets move for every pair. beta = 0.5 is what public
 * implementations use; the paper's experiments have 0.01.
 *
 * Departures: |t| is held below 1 - 1e-6. One target per pair for the whole trunk: the paper's targets per
 * layer are not built. Targets of a task whose gradient is zero stay as they are.
 */
export function gradvac({ beta = 0.5 }: GradvacOptions = {}): GradvacSpec {
  return { kind: "gradvac", beta };
}

export const gradvacDefinition = defineMethod({
  schema,
  make: ({ beta }) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: "gradients are changed in an order that is drawn",
      oneTaskIsPlain: true,
      nonConflicting: "targets may be negative, and a later change can undo an earlier one",
      scaleInvariant: "a task counts by the size of its gradient",
      weightsSumToOne: "it is a sum, and each change adds weight",
      weightsSumToTasks: "each change adds weight",
      nonNegativeWeights: true,
    },
    init: (taskCount) => ({ targets: new Array<number>(taskCount ** 2).fill(0) }),
    weigh: (state, step) =>
      weighPresent(state, step, (present) => {
        const targets = [...state.targets!];
        const weights = vaccinate(
          present,
          { targets, beta, taskCount: step.taskCount },
          step.random,
        );
        return { weights, state: { targets } };
      }),
  }),
});

interface Targets {
  /** t, `[M * M]`, row by row; written to. */
  readonly targets: number[];
  readonly beta: number;
  readonly taskCount: number;
}

function vaccinate(present: Present, targets: Targets, random: Random): Float64Array {
  const weights = new Float64Array(present.tasks.length);
  for (let i = 0; i < weights.length; i++) {
    const coefficients = new Float64Array(weights.length);
    coefficients[i] = 1;
    const turned = { i, coefficients, products: Float64Array.from(present.gram[i]!) };
    for (const j of permutation(weights.length, random)) {
      if (j !== i) turn(present, targets, turned, j);
    }
    for (let j = 0; j < weights.length; j++) weights[j]! += coefficients[j]!;
  }
  return weights;
}

/** Task i's gradient g, as it is turned. */
interface Turned {
  readonly i: number;
  /** c with g = sum_j c_j g_j, `[K]`. */
  readonly coefficients: Float64Array;
  /** G c, `[K]`. */
  readonly products: Float64Array;
}

/** Turns g towards g_j, and moves their target. */
function turn(
  { gram, norms, tasks }: Present,
  { targets, beta, taskCount }: Targets,
  { i, coefficients, products }: Turned,
  j: number,
): void {
  const square = dot(coefficients, products);
  if (square < vanished) return;
  const norm = Math.sqrt(square);
  const phi = Math.max(-1, Math.min(1, products[j]! / (norm * norms[j]!)));
  const pair = tasks[i]! * taskCount + tasks[j]!;
  const t = Math.max(-largestTarget, Math.min(largestTarget, targets[pair]!));
  if (phi < t) {
    const root = Math.sqrt(1 - t ** 2);
    const sine = t * Math.sqrt(1 - phi ** 2) - phi * root;
    const added = (norm * sine) / (norms[j]! * root);
    coefficients[j]! += added;
    for (let k = 0; k < products.length; k++) products[k]! += added * gram[j]![k]!;
  }
  targets[pair] = (1 - beta) * targets[pair]! + beta * phi;
}
