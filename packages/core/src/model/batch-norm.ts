// Keeps statistics from moving inside a training pass. tfjs's batch norm writes its moving mean and
// variance in the forward pass; here the values that it proposes are caught, so that whoever owns the
// block decides (the coordinator averages the trunk's proposals in shard order).

import * as tf from "@tensorflow/tfjs";
import type { Block } from "./block.ts";

export interface Captured<T> {
  result: T;
  /**
   * Per block the proposed statistics, in the order of its layout; null for a block without any. Kept
   * tensors that the caller disposes. A statistic that the pass didn't move is proposed as it is.
   */
  proposals: (tf.Tensor[] | null)[];
}

/**
 * Runs `pass` and catches what it writes to the blocks' statistics, which stay bit-identical. A layer
 * that runs twice in one pass builds on its own proposal, as in tfjs.
 */
export function captureStatistics<T>(blocks: readonly Block[], pass: () => T): Captured<T> {
  const proposed = new Map<tf.LayerVariable, tf.Tensor>();
  const weights = blocks.flatMap((block) => block.statisticWeights);
  for (const weight of weights) intercept(weight, proposed);
  try {
    const result = pass();
    return { result, proposals: blocks.map((block) => takeProposals(block, proposed)) };
  } catch (error) {
    tf.dispose([...proposed.values()]);
    throw error;
  } finally {
    for (const weight of weights) release(weight);
  }
}

/** Shadows the prototype's `read` and `write` on this one instance. */
function intercept(weight: tf.LayerVariable, proposed: Map<tf.LayerVariable, tf.Tensor>): void {
  const current = weight.read();
  weight.read = () => proposed.get(weight) ?? current;
  weight.write = (value) => {
    proposed.get(weight)?.dispose();
    proposed.set(weight, tf.keep(value.clone()));
    return weight;
  };
}

function release(weight: tf.LayerVariable): void {
  const own = weight as Partial<Pick<tf.LayerVariable, "read" | "write">>;
  delete own.read;
  delete own.write;
}

function takeProposals(
  block: Block,
  proposed: ReadonlyMap<tf.LayerVariable, tf.Tensor>,
): tf.Tensor[] | null {
  if (block.statisticWeights.length === 0) return null;
  return block.statisticWeights.map(
    (weight, i) => proposed.get(weight) ?? tf.keep(block.statisticVariables[i]!.clone()),
  );
}
