// The memory that a step holds, by tfjs's own account of tensor bytes.

import * as tf from "@tensorflow/tfjs";

/** Largest number of tensor bytes during `run`, which is computed as ever. */
export async function peakTensorBytes(run: () => Promise<void>): Promise<number> {
  const { peakBytes } = await tf.profile(async () => {
    await run();
    return [];
  });
  return peakBytes;
}

/**
 * Asserts that a phase leaves no tensor behind: `assertFlat = tensorCount(); …; assertFlat("…")`.
 */
export function tensorWatch(): (what: string) => void {
  const before = tf.memory().numTensors;
  return (what) => {
    const after = tf.memory().numTensors;
    if (after === before) return;
    throw new Error(`${what} began with ${before} tensors and ended with ${after}`);
  };
}
