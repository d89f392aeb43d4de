// Krum: only the gradients that lie closest to others count. A guard against faulty workers, no balancing.

import { z } from "zod";
import { ExperimentError, expected } from "../../errors.ts";
import { defineMethod } from "../definition.ts";
import type { Matrix } from "../method.ts";

const schema = z.strictObject({
  kind: z.literal("krum"),
  byzantine: z.int().min(0).optional(),
  selected: z.int().min(1).default(1),
});

export type KrumSpec = z.infer<typeof schema>;

export interface KrumOptions {
  /**
   * f: how many tasks' gradients may be arbitrary; M must be at least 2f + 3.
   * @default the most that M allows, floor((M - 3) / 2), or 0
   */
  byzantine?: number;
  /** m: how many gradients are averaged; at most M. @default 1, the paper's Krum */
  selected?: number;
}

/**
 * Krum and Multi-Krum (Blanchard, El Mhamdi, Guerraoui & Stainer, Machine Learning with Adversaries:
 * Byzantine Tolerant Gradient Descent, NIPS 2017, sections 4 and 5):
 *
 *     score_i = sum of the M - f - 2 smallest ||g_i - g_j||^2, j != i;   ||g_i - g_j||^2 = G_ii + G_jj - 2 G_ij
 *     alpha = 1/m for the m smallest scores, else 0
 *
 * Ties go to the earlier task. With fewer than three tasks a score counts one distance. A zero gradient is
 * one like any other.
 *
 * What it does not defend against: more than f bad gradients; bad ones that agree with each other, which lie
 * closest together; workers that know the others' gradients and stay just inside their spread, or push a
 * little in every step; labels or losses that are wrong in a way that keeps the gradient near the others;
 * anything at all with M < 5, where f can only be 0. Its theory takes gradients of one task from samples of
 * one distribution: honest gradients of different tasks lie far apart, so tasks that differ most are left
 * out for good. Losses that are reported wrongly do not matter to it; heads are not its concern.
 */
export function krum({ byzantine, selected = 1 }: KrumOptions = {}): KrumSpec {
  return { kind: "krum", ...(byzantine !== undefined && { byzantine }), selected };
}

export const krumDefinition = defineMethod({
  schema,
  make: ({ byzantine, selected }) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: "ties go to the earlier task, and two tasks always tie",
      oneTaskIsPlain: true,
      nonConflicting: "tasks that are not selected have no say",
      scaleInvariant: "distances are between the gradients as they are",
      weightsSumToOne: true,
      weightsSumToTasks: "it is a mean of the selected gradients",
      nonNegativeWeights: true,
    },
    init(taskCount) {
      if (byzantine !== undefined)
        demandTasks("byzantine", byzantine, 2 * byzantine + 3, taskCount);
      demandTasks("selected", selected, selected, taskCount);
      return {};
    },
    // All tasks count: beside a huge gradient the others are no less present, and zero is a vote too.
    weigh: (state, { gram, taskCount }) => ({
      state,
      weights: select(scoresOf(gram, byzantine ?? mostFaulty(taskCount)), selected),
    }),
  }),
});

function mostFaulty(taskCount: number): number {
  return Math.max(0, Math.floor((taskCount - 3) / 2));
}

function scoresOf(gram: Matrix, f: number): number[] {
  const neighbours = Math.max(1, gram.length - f - 2);
  return gram.map((row, i) => {
    const distances = row.map((value, j) => row[i]! + gram[j]![j]! - 2 * value);
    const others = distances.filter((_, j) => j !== i).sort();
    return others.slice(0, neighbours).reduce((sum, distance) => sum + distance, 0);
  });
}

/** 1/m for the m lowest scores. */
function select(scores: readonly number[], m: number): number[] {
  // Sorting is stable, so ties go to the earlier task.
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  const chosen = new Set(order.slice(0, m));
  return scores.map((_, k) => (chosen.has(k) ? 1 / m : 0));
}

function demandTasks(name: string, value: number, least: number, taskCount: number): void {
  if (taskCount >= least) return;
  const path = `method.${name}`;
  const should = `small enough for ${taskCount} tasks: ${value} needs at least ${least}`;
  throw new ExperimentError([
    {
      path,
      code: "experiment/invalid-value",
      message: expected(path, should, value),
      remedy: `Lower \`${path}\`, or use another method for so few tasks.`,
    },
  ]);
}
