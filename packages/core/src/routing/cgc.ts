// Customized gate control, of plain tfjs layers: shared experts are the trunk's; a task's own experts and
// gate are its head's, which never leave the task's worker while the trunk trains.

import * as tf from "@tensorflow/tfjs";
import { gatedMix, joinStacks, stackRows } from "./expert-mix.ts";
import { type ExpertNetwork, expertTrunk, type MmoeOptions, through } from "./mmoe.ts";

export interface CgcOptions extends Omit<MmoeOptions, "experts"> {
  /** Experts that all tasks share. */
  shared: number;
  /** Experts of each task. */
  own: number;
}

/**
 * Customized gate control, one level of progressive layered extraction (Tang et al., Progressive layered
 * extraction: a novel multi-task learning model for personalized recommendations, RecSys 2020, eq. 1-3):
 *
 *     y_k = tower_k(sum_i g_k(x)_i E_i(x)) over the shared experts and those of task k,
 *     g_k(x) = softmax(W_k x)
 */
export function cgc({ shared, own, ...options }: CgcOptions): ExpertNetwork {
  return {
    trunk: () => expertTrunk({ ...options, experts: shared }),
    head: (tower) => (features) => {
      const [stack, x] = features.inputShapes.map((shape) => tf.input({ shape }));
      const experts = Array.from({ length: own }, () => through(options.expert(), x!));
      const all = own === 0 ? stack! : joinStacks([stackRows(experts), stack!]);
      return tf.model({ inputs: [stack!, x!], outputs: through(tower(), gatedMix(all, x!)) });
    },
  };
}
