// Puts this folder's kernels into tfjs's registry, and takes them out again. The list below is the whole
// difference between tfjs's wasm backend and ours.

import * as tf from "@tensorflow/tfjs";
import { batchMatMul } from "./batch-mat-mul.ts";
import { byCpu } from "./by-cpu.ts";
import { conv2dBackpropFilter } from "./conv2d-backprop-filter.ts";
import { conv2dBackpropInput } from "./conv2d-backprop-input.ts";
import { depthwiseBackpropFilter } from "./depthwise-backprop-filter.ts";
import { depthwiseBackpropInput } from "./depthwise-backprop-input.ts";
import { einsum } from "./einsum.ts";
import { fusedMatMul } from "./fused-mat-mul.ts";
import type { KernelFunction, WasmKernel } from "./kernel.ts";
import { maxPoolGrad } from "./max-pool-grad.ts";
import { unsortedSegmentSum } from "./unsorted-segment-sum.ts";

/** Without their attributes' types, which differ from kernel to kernel; tfjs erases them as well. */
const kernels = [
  batchMatMul,
  fusedMatMul,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  einsum,
  maxPoolGrad,
  unsortedSegmentSum,
  // Wrong in tfjs 4.22: the gradients in general, the pooling where all of a window is negative.
  byCpu(tf.Conv3DBackpropFilterV2),
  byCpu(tf.Conv3DBackpropInputV2),
  byCpu(tf.MaxPool3D),
  byCpu(tf.MaxPool3DGrad),
] as unknown as readonly WasmKernel<object>[];

export const wasmKernelNames: readonly string[] = kernels.map(({ name }) => name);

let undo: (() => void) | undefined;

/**
 * Registers the kernels for the wasm backend, which has to be imported (not necessarily initialised).
 * A second call changes nothing.
 *
 * @returns What restores tfjs's own kernels.
 */
export function installWasmKernels(): () => void {
  if (undo !== undefined) return undo;
  const originals = kernels.map(replace);
  undo = () => {
    kernels.forEach(({ name }, i) => {
      restore(name, originals[i]);
    });
    undo = undefined;
  };
  return undo;
}

/** Registers one kernel; returns what stood in its place. */
function replace({ name, build }: WasmKernel<object>): tf.KernelConfig | undefined {
  const original = tf.getKernel(name, "wasm") as tf.KernelConfig | undefined;
  const func = original?.kernelFunc as unknown as KernelFunction<object> | undefined;
  const kernelFunc = build(func ?? absent);
  if (original !== undefined) tf.unregisterKernel(name, "wasm");
  tf.registerKernel({
    // The original's set-up still has to run: our kernels call it.
    ...original,
    kernelName: name,
    backendName: "wasm",
    kernelFunc: kernelFunc as unknown as tf.KernelFunc,
  });
  return original;
}

function absent(): never {
  throw new Error("tfjs has no such kernel for wasm");
}

function restore(name: string, original: tf.KernelConfig | undefined): void {
  tf.unregisterKernel(name, "wasm");
  if (original !== undefined) tf.registerKernel(original);
}
