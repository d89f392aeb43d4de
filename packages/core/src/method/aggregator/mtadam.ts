// MTAdam: Adam with moments per task, gradients brought to one norm per layer, and one denominator for
// all tasks.

import { z } from "zod";
import { adamFactors } from "../../optimizer/adam-step.ts";
import { type LearningRate, learningRateSchema } from "../../optimizer/learning-rate.ts";
import { sgd } from "../../optimizer/sgd.ts";
import { arrayOf, type OptimizerState } from "../../optimizer/state.ts";
import { defineMethod } from "../definition.ts";
import type { AggregateStep } from "../method.ts";
import { demandPerTask } from "../per-task.ts";
import { normOf } from "../transform.ts";

/** A norm up to this share of its layer's largest cannot be the anchor. */
const anchorShare = 1e-10;

const decay = z.number().min(0).lt(1);

const schema = z.strictObject({
  kind: z.literal("mtadam"),
  learningRate: learningRateSchema.default(1e-3),
  beta1: decay.default(0.9),
  beta2: decay.default(0.999),
  beta3: decay.default(0.9),
  epsilon: z.number().min(0).default(1e-8),
  ranks: z.array(z.number().min(0)).optional(),
});

export type MtadamSpec = z.infer<typeof schema>;

export interface MtadamOptions {
  /** a, of the trunk; the experiment's `optimizer.trunk` is not used. @default 1e-3 */
  learningRate?: LearningRate;
  /** Decay of the first moments. @default 0.9 */
  beta1?: number;
  /** Decay of the second moments. @default 0.999 */
  beta2?: number;
  /** Decay of the norms. @default 0.9 */
  beta3?: number;
  /** Added to the root of the largest second moment. @default 1e-8 */
  epsilon?: number;
  /** What each task counts for, `[M]`, in the tasks' order. @default all 1 */
  ranks?: number[];
}

/**
 * MTAdam (Malkiel & Wolf, MTAdam: Automatic Balancing of Multiple Training Loss Terms, EMNLP 2021).
 * For each layer of the trunk and each task k, the first task being the anchor:
 *
 *     N_k <- b3 N_k + (1 - b3) ||g_k||,   N_k = ||g_k|| in the first step
 *     h_k = rank_k (N_1 / N_k) g_k
 *     m_k <- b1 m_k + (1 - b1) h_k,   v_k <- b2 v_k + (1 - b2) h_k^2
 *     theta <- theta - a sum_k mhat_k / (max_j sqrt(vhat_j) + eps)
 *
 * The maximum goes over tasks, coordinate by coordinate: no task's worker can make its own step, as it can
 * under {@link mao}, so the rows themselves come to the coordinator, which keeps 2 M arrays `[P]`. A layer is
 * one parameter array. Task weights cancel in N_1 / N_k; `ranks` are what counts.
 *
 * Defaults and the first N_k are those of the authors' code. As there, a layer's anchor is the first task
 * whose norm N_k is not zero; zero is up to 1e-10 of the layer's largest one here, and up to 1e-10 there.
 */
export function mtadam(options: MtadamOptions = {}): MtadamSpec {
  const { beta1 = 0.9, beta2 = 0.999, beta3 = 0.9, epsilon = 1e-8, ranks } = options;
  const { learningRate = 1e-3 } = options;
  const constants = { learningRate, beta1, beta2, beta3, epsilon };
  return { kind: "mtadam", ...constants, ...(ranks === undefined ? {} : { ranks }) };
}

export const mtadamDefinition = defineMethod({
  schema,
  make: (spec) => ({
    form: "aggregator",
    needs: "rows",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    trunkOptimizer: sgd({ learningRate: spec.learningRate }),
    claims: {
      permutationEquivariant: "the first task is the anchor",
      oneTaskIsPlain: "the step is Adam's, not the gradient",
      nonConflicting: "tasks that oppose each other at a coordinate cancel there",
      scaleInvariant: true,
      weightsSumToOne: "it gives no weights",
      weightsSumToTasks: "it gives no weights",
      nonNegativeWeights: "it gives no weights",
    },
    init({ taskCount, length }) {
      if (spec.ranks !== undefined) demandPerTask("ranks", spec.ranks, taskCount);
      const arrays: OptimizerState["arrays"] = {};
      for (let k = 0; k < taskCount; k++) {
        arrays[`m.${k}`] = new Float32Array(length);
        arrays[`v.${k}`] = new Float32Array(length);
      }
      return { arrays, scalars: { beta1Power: 1, beta2Power: 1 } };
    },
    aggregate(state, rows, step, direction) {
      state.scalars.beta1Power! *= spec.beta1;
      state.scalars.beta2Power! *= spec.beta2;
      scaleToAnchor(spec, state, rows, step);
      combine(spec, state, rows, direction);
    },
  }),
});

/** Moves the norms (`norm.TASK.LAYER`, there from the first step on) and scales the rows: g becomes h. */
function scaleToAnchor(
  { beta3, ranks }: MtadamSpec,
  { scalars }: OptimizerState,
  rows: readonly Float32Array[],
  { layers }: AggregateStep,
): void {
  for (let layer = 0; layer + 1 < layers.length; layer++) {
    const parts = rows.map((row) => row.subarray(layers[layer], layers[layer + 1]));
    const now = parts.map(normOf);
    const norms = now.map((norm, k) => {
      const name = `norm.${k}.${layer}`;
      const moved = beta3 * (scalars[name] ?? norm) + (1 - beta3) * norm;
      scalars[name] = moved;
      return moved;
    });
    const least = anchorShare * Math.max(...norms);
    const anchor = norms.find((norm) => norm > least) ?? 0;
    for (const [k, part] of parts.entries()) {
      // A norm whose gradient stays zero fades to where the quotient is infinite.
      if (now[k]! > 0) scale(part, ((ranks?.[k] ?? 1) * anchor) / norms[k]!);
    }
  }
}

function scale(part: Float32Array, factor: number): void {
  for (let i = 0; i < part.length; i++) part[i]! *= factor;
}

/** Moves the moments by the scaled rows h and writes the tasks' steps, added up. */
function combine(
  spec: MtadamSpec,
  state: OptimizerState,
  rows: readonly Float32Array[],
  direction: Float32Array,
): void {
  const { beta1, beta2 } = spec;
  const { beta1Power, beta2Power } = state.scalars;
  const { correction, floor } = adamFactors(spec, beta1Power!, beta2Power!);
  const ms = rows.map((_, k) => arrayOf(state, `m.${k}`));
  const vs = rows.map((_, k) => arrayOf(state, `v.${k}`));
  for (let i = 0; i < direction.length; i++) {
    let sum = 0;
    let largest = 0;
    for (let k = 0; k < rows.length; k++) {
      const h = rows[k]![i]!;
      const first = beta1 * ms[k]![i]! + (1 - beta1) * h;
      const second = beta2 * vs[k]![i]! + (1 - beta2) * h * h;
      ms[k]![i] = first;
      vs[k]![i] = second;
      sum += first;
      largest = Math.max(largest, second);
    }
    const denominator = Math.sqrt(largest) + floor;
    direction[i] = denominator === 0 ? 0 : (correction * sum) / denominator;
  }
}
