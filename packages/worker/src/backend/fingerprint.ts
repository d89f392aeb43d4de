// The numbers that this process computes, in one short value: workers of a run compare it before they
// compute together. Whether a difference matters is for others to decide.

import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs";
import type { BackendChoice } from "./choose.ts";

/** Equal on two machines exactly if their runs can be expected to be equal bit for bit. */
export interface NumericFingerprint {
  backend: string;
  backendVersion: string;
  nodeMajor: number;
  /** Threads that one operation is spread over. */
  threads: number;
  /** SHA-256, in hex, of the float32 results of a small forward and backward pass. */
  probe: string;
}

/** Fingerprint of the backend that was chosen; it is the current one. */
export async function numericFingerprint({
  name,
  version,
}: Pick<BackendChoice, "name" | "version">): Promise<NumericFingerprint> {
  return {
    backend: name,
    backendVersion: version,
    threads: await threadsOf(name),
    nodeMajor: Number(process.versions.node.split(".", 1)[0]),
    probe: await probe(),
  };
}

async function threadsOf(backend: BackendChoice["name"]): Promise<number> {
  if (backend === "wasm") {
    return (await import("@tensorflow/tfjs-backend-wasm")).getThreadsCount();
  }
  if (backend === "cpu") return 1;
  return Number(process.env.TF_NUM_INTRAOP_THREADS ?? 1);
}

/** Hash of losses and gradients of a small convolutional classifier at fixed weights and inputs. */
async function probe(): Promise<string> {
  const results = tf.tidy(() => {
    // Small enough that the softmax does not saturate, which would hide differences.
    const weights = [filled([3, 3, 2, 8], 1), filled([200, 32], 2), filled([32, 5], 3)].map(
      (weight) => weight.mul(1 / 8),
    );
    const { value, grads } = tf.valueAndGrads((...at: tf.Tensor[]) => classifierLoss(at))(weights);
    return [value, ...grads];
  });
  const hash = createHash("sha256");
  for (const result of results) {
    const values = await result.data<"float32">();
    // Little-endian whatever the machine, as every hash of weights is.
    const bytes = new DataView(new ArrayBuffer(values.length * 4));
    values.forEach((value, i) => {
      bytes.setFloat32(i * 4, value, true);
    });
    hash.update(bytes);
  }
  tf.dispose(results);
  return hash.digest("hex");
}

/** Softmax cross entropy of convolution, relu, pooling, dense, relu, dense. */
function classifierLoss([filter, hidden, output]: tf.Tensor[]): tf.Scalar {
  const images = filled([16, 10, 10, 2], 4) as tf.Tensor4D;
  const labels = tf.oneHot(
    Array.from({ length: 16 }, (_, i) => i % 5),
    5,
  );
  const seen = tf.relu(tf.conv2d(images, filter as tf.Tensor4D, 1, "same"));
  const pooled = tf.maxPool(seen, 2, 2, "valid").reshape([16, 200]);
  const logits = tf.matMul(tf.relu(tf.matMul(pooled, hidden!)), output!);
  return tf.losses.softmaxCrossEntropy(labels, logits);
}

/** Numbers in [-1, 1) by integer arithmetic, so that every machine has the same ones. */
function filled(shape: number[], salt: number): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  for (let i = 0; i < values.length; i++) {
    values[i] = (((i + 1) * 7919 + salt * 104_729) % 4096) / 2048 - 1;
  }
  return tf.tensor(values, shape);
}
