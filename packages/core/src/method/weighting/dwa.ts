// Dynamic weight averaging: tasks whose losses fall slowest weigh most.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandLosses } from "../loss-check.ts";
import type { MethodState } from "../method.ts";
import { softmax } from "../softmax.ts";

const schema = z.strictObject({
  kind: z.literal("dwa"),
  temperature: z.number().positive().default(2),
});

export type DwaSpec = z.infer<typeof schema>;

export interface DwaOptions {
  /** T; large ones give equal weights. @default 2 */
  temperature?: number;
}

/**
 * Dynamic weight averaging (Liu, Johns & Davison, End-to-End Multi-Task Learning with Attention, CVPR 2019),
 * with Lbar_k(e) the mean of task k's losses over epoch e:
 *
 *     r_k = Lbar_k(e - 1) / Lbar_k(e - 2)
 *     alpha_k = M exp(r_k / T) / sum_j exp(r_j / T)
 *
 * Weights are 1 in the first two epochs. T = 2 is the paper's. Mean losses must be positive.
 */
export function dwa({ temperature = 2 }: DwaOptions = {}): DwaSpec {
  return { kind: "dwa", temperature };
}

export const dwaDefinition = defineMethod({
  schema,
  make: ({ temperature }) => ({
    form: "weighting",
    needs: "nothing",
    learns: "losses",
    scaleHeads: true,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: "a task whose gradient opposes the weighted sum is outvoted",
      scaleInvariant: "weights see how fast losses fall, not how large they are",
      weightsSumToOne: "they sum to M, as published",
      weightsSumToTasks: true,
      nonNegativeWeights: true,
    },
    init: (taskCount) => ({
      epoch: [0],
      count: [0],
      sum: new Array<number>(taskCount).fill(0),
      last: [],
      before: [],
    }),
    weigh(state, { taskCount, clock }) {
      const { last, before } = through(state, clock.epoch);
      if (before!.length === 0) return { state, weights: new Array<number>(taskCount).fill(1) };
      demandLosses("dwa", "greater than 0", before!);
      const rates = last!.map((loss, k) => loss / before![k]! / temperature);
      return { state, weights: softmax(rates).map((share) => taskCount * share) };
    },
    learn(state, { clock, losses }) {
      const now = through(state, clock.epoch);
      const sum = now.sum!.map((total, k) => total + losses[k]!);
      return { ...now, sum, count: [now.count![0]! + 1] };
    },
  }),
});

/** The state as it is in `epoch`: where that is a new one, the old one's sums have become means. */
function through(state: MethodState, epoch: number): MethodState {
  const count = state.count![0]!;
  if (state.epoch![0] === epoch || count === 0) return { ...state, epoch: [epoch] };
  const sum = state.sum!;
  const last = sum.map((total) => total / count);
  return { epoch: [epoch], count: [0], sum: sum.map(() => 0), last, before: state.last! };
}
