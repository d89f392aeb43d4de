// Progressive layered extraction: levels of shared and own experts, each a routed layer whose gate reads its
// input.

import * as tf from "@tensorflow/tfjs";
import type { TrunkFactory } from "../model/network.ts";
import { routed } from "./routed-layer.ts";
import { softmaxGate } from "./softmax-gate.ts";

export interface PleOptions {
  /** Of one sample. */
  inputShape: readonly number[];
  /** M, the experiment's number of tasks. */
  tasks: number;
  /** Experts of a level that all tasks use. */
  shared: number;
  /** Experts of a level for each task. */
  own: number;
  /** By level: makes one expert, called for each of them. */
  levels: readonly (() => tf.layers.Layer)[];
}

/**
 * A trunk of progressive layered extraction (Tang et al., RecSys 2020, section 4.2): at each level task k
 * takes a softmax-gated mean over the shared experts and its own. Gates belong to the tasks, all experts to
 * the trunk.
 *
 * Departure: shared experts of a later level see the representation of the task that passes. The paper gives
 * them one that a gate of their own mixes from all tasks' experts, for which each task would have to compute
 * those of all others.
 */
export function ple({ inputShape, tasks, shared, own, levels }: PleOptions): TrunkFactory {
  const count = shared + tasks * own;
  const allowed = (taskIndex: number) => [
    ...Array.from({ length: shared }, (_, i) => i),
    ...Array.from({ length: own }, (_, i) => shared + taskIndex * own + i),
  ];
  return () =>
    tf.sequential({
      layers: levels.map((expert, level) =>
        routed(
          Array.from({ length: count }, () => expert()),
          {
            router: softmaxGate({ allowed }),
            ...(level === 0 && { inputShape: [...inputShape] }),
          },
        ),
      ),
    });
}
