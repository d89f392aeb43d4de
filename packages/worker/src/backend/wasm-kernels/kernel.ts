// What every kernel of this folder is made of: its type, and how it calls other kernels and reads the
// wasm heap. Knows nothing of any one operation.
// Ownership inside kernels: inputs are borrowed; whatever `call` or `makeOutput` returned is the
// caller's, to be returned or to be freed with `backend.disposeData`.

import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

export type Inputs = Readonly<Record<string, tf.TensorInfo>>;

/** One call of a kernel. */
export interface KernelCall<Attributes> {
  inputs: Inputs;
  backend: BackendWasm;
  attrs: Attributes;
}

export type KernelFunction<Attributes> = (call: KernelCall<Attributes>) => tf.TensorInfo;

/** A kernel that tfjs's wasm backend lacks, or has only in a slow form. */
export interface WasmKernel<Attributes> {
  name: string;
  /** @param original - tfjs's own kernel of that name; one that throws where tfjs has none. */
  build(original: KernelFunction<Attributes>): KernelFunction<Attributes>;
}

/** Runs the kernel that is registered for wasm under `name`. Caller disposes the result. */
export function call(
  backend: BackendWasm,
  name: string,
  inputs: Inputs,
  attrs: object,
): tf.TensorInfo {
  const kernel = tf.getKernel(name, "wasm").kernelFunc as unknown as KernelFunction<object>;
  return kernel({ inputs, backend, attrs });
}

/**
 * The elements of a float32 tensor, in place. Valid until the next allocation: a growing wasm heap
 * leaves older arrays detached.
 */
export function elements(backend: BackendWasm, info: tf.TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

/** The same elements under another shape of equal size; borrows, so never dispose both. */
export function withShape(info: tf.TensorInfo, shape: number[]): tf.TensorInfo {
  return { dataId: info.dataId, shape, dtype: info.dtype };
}

/** A new tensor of zeros. Caller disposes. */
export function zeros(backend: BackendWasm, shape: number[]): tf.TensorInfo {
  const out = backend.makeOutput(shape, "float32");
  elements(backend, out).fill(0);
  return out;
}

/** `x` with its axes permuted, as a tensor of its own. Caller disposes. */
export function permute(backend: BackendWasm, x: tf.TensorInfo, perm: number[]): tf.TensorInfo {
  return call(backend, tf.Transpose, { x }, { perm });
}

/**
 * Samples `[from, from + count)` of the first axis; caller disposes. All of them are not copied, and some
 * in one piece: tfjs's own kernel slices images row by row, 10 times slower.
 */
export function samples(
  backend: BackendWasm,
  x: tf.TensorInfo,
  [from, count]: readonly [number, number],
): tf.TensorInfo {
  if (count === x.shape[0]) return call(backend, tf.Identity, { x }, {});
  const rest = x.shape.slice(1);
  const size = tf.util.sizeFromShape(rest);
  const out = backend.makeOutput([count, ...rest], "float32");
  const part = elements(backend, x).subarray(from * size, (from + count) * size);
  elements(backend, out).set(part);
  return out;
}
