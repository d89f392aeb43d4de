// The cpu backend: plain JavaScript, there on every machine, 30 to 50 times slower than wasm.

import * as tf from "@tensorflow/tfjs";
import type { BackendLoad } from "./attempt.ts";

/** Makes cpu the current backend. */
export async function loadCpu(): Promise<BackendLoad> {
  await tf.setBackend("cpu");
  await tf.ready();
  const version = tf.version["tfjs-backend-cpu"];
  return { works: true, version, why: "plain JavaScript: a slow reference for tests" };
}

/**
 * Keeps tfjs from printing "Hi, looks like you are running TensorFlow.js in Node.js" at the first tensor
 * of the cpu backend, which it does whatever backend will be used later. tfjs has no public switch for
 * it but its production mode, which also turns checks off.
 */
export function silenceBanner(): void {
  const cpu = tf.findBackend("cpu") as unknown as { firstUse?: boolean } | null;
  if (cpu !== null) cpu.firstUse = false;
}
