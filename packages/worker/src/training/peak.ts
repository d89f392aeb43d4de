// The memory that a step holds, by tfjs's own account of tensor bytes.

import * as tf from "@tensorflow/tfjs";

/**
 * Largest number of tensor bytes during `run`, which is computed as ever. As `tf.profile` counts it, which
 * fails at more than some hundred thousand kernels and goes on profiling after a `run` that throws.
 */
export async function peakTensorBytes(run: () => Promise<void>): Promise<number> {
  const { state } = tf.engine();
  const { activeProfile } = state;
  let peakBytes = state.numBytes;
  activeProfile.kernels = [];
  state.profiling = true;
  try {
    await run();
  } finally {
    state.profiling = false;
  }
  for (const { totalBytesSnapshot } of activeProfile.kernels) {
    if (totalBytesSnapshot > peakBytes) peakBytes = totalBytesSnapshot;
  }
  activeProfile.kernels = [];
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
