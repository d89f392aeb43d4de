// Matrix products on wasm by the one path of it that is fast: two plain matrices (XNNPACK, about 19
// GFLOP/s where transposed or batched arguments get 0.4 to 1.5). So arguments are transposed first, and
// batches are multiplied one by one. How one plain product is made is tfjs's business.
// Letters: N = batch of matrices, [m, k] times [k, n].

import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { byCpu } from "./by-cpu.ts";
import {
  elements,
  type KernelCall,
  type KernelFunction,
  permute,
  type WasmKernel,
} from "./kernel.ts";

export interface MatMulAttributes {
  transposeA: boolean;
  transposeB: boolean;
}

type MatMul = KernelFunction<MatMulAttributes>;

/** Multiplications in one product below which tfjs's loop over a batch wins; measured between 16^3 and 32^3. */
const smallProduct = 16_384;

const plain: MatMulAttributes = { transposeA: false, transposeB: false };

/**
 * `[..., m, k] x [..., k, n] -> [..., m, n]`; either argument may come transposed. Integers, which tfjs
 * refuses on wasm though its own confusion matrix needs them, go through the cpu backend.
 */
export const batchMatMul: WasmKernel<MatMulAttributes> = {
  name: tf.BatchMatMul,
  build(original) {
    const ofIntegers = byCpu<MatMulAttributes>(tf.BatchMatMul).build(original);
    return (request) =>
      request.inputs.a!.dtype === "float32" && request.inputs.b!.dtype === "float32"
        ? cheapestOrder(request, (inner) => product(inner, original))
        : ofIntegers(request);
  },
};

/**
 * `A B` directly, or as the transpose of `B' A'` where that leaves fewer elements to be transposed: the
 * gradient of a small batch through a wide layer would otherwise transpose all of the layer's weights.
 * Each element is the same sum in the same order either way.
 */
function cheapestOrder(request: KernelCall<MatMulAttributes>, multiply: MatMul): tf.TensorInfo {
  const { inputs, backend, attrs } = request;
  const a = inputs.a!;
  const b = inputs.b!;
  const { transposeA, transposeB } = attrs;
  const [sizeA, sizeB] = [tf.util.sizeFromShape(a.shape), tf.util.sizeFromShape(b.shape)];
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const sizeOut = (sizeB / b.shape.at(transposeB ? -1 : -2)!) * rows;
  const direct = (transposeA ? sizeA : 0) + (transposeB ? sizeB : 0);
  const turned = (transposeA ? 0 : sizeA) + (transposeB ? 0 : sizeB) + sizeOut;
  if (a.shape.length !== b.shape.length || direct <= turned) {
    return withoutTransposes(request, multiply);
  }
  const product = withoutTransposes(
    {
      inputs: { a: b, b: a },
      backend,
      attrs: { transposeA: !transposeB, transposeB: !transposeA },
    },
    multiply,
  );
  const out = swapLastAxes(backend, product);
  backend.disposeData(product.dataId);
  return out;
}

/** Calls `multiply` with both arguments in plain order, and frees what that took. */
export function withoutTransposes<Attributes extends MatMulAttributes>(
  { inputs, backend, attrs }: KernelCall<Attributes>,
  multiply: KernelFunction<Attributes>,
): tf.TensorInfo {
  const a = attrs.transposeA ? swapLastAxes(backend, inputs.a!) : inputs.a!;
  const b = attrs.transposeB ? swapLastAxes(backend, inputs.b!) : inputs.b!;
  const out = multiply({ inputs: { ...inputs, a, b }, backend, attrs: { ...attrs, ...plain } });
  if (a !== inputs.a) backend.disposeData(a.dataId);
  if (b !== inputs.b) backend.disposeData(b.dataId);
  return out;
}

function swapLastAxes(backend: BackendWasm, x: tf.TensorInfo): tf.TensorInfo {
  const axes = x.shape.map((_, axis) => axis);
  const last = axes.length - 1;
  return permute(backend, x, [...axes.slice(0, -2), last, last - 1]);
}

function product(request: KernelCall<MatMulAttributes>, original: MatMul): tf.TensorInfo {
  const a = request.inputs.a!;
  const b = request.inputs.b!;
  const batchA = tf.util.sizeFromShape(a.shape.slice(0, -2));
  const batchB = tf.util.sizeFromShape(b.shape.slice(0, -2));
  const work = tf.util.sizeFromShape(a.shape.slice(-2)) * (b.shape.at(-1) ?? 0);
  const fits = a.shape.at(-1) === b.shape.at(-2);
  const pairs = batchA === batchB || batchA === 1 || batchB === 1;
  // Whatever does not fit goes to tfjs, for its error message.
  const loops = Math.max(batchA, batchB) > 1 && pairs && fits && work >= smallProduct;
  return loops ? oneByOne(request, original) : original(request);
}

/** Each pair of the batch through the plain product; one of the batches may be a single matrix. */
function oneByOne({ inputs, backend }: KernelCall<MatMulAttributes>, original: MatMul) {
  const a = inputs.a!;
  const b = inputs.b!;
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  const shape = [...outer, a.shape.at(-2)!, b.shape.at(-1)!];
  const out = backend.makeOutput(shape, "float32");
  const size = shape.at(-2)! * shape.at(-1)!;
  const count = tf.util.sizeFromShape(outer);
  for (let i = 0; i < count; i++) {
    const left = matrix(backend, a, i);
    const right = matrix(backend, b, i);
    const part = original({ inputs: { a: left, b: right }, backend, attrs: plain });
    elements(backend, out).set(elements(backend, part), i * size);
    for (const used of [left, right, part]) backend.disposeData(used.dataId);
  }
  return out;
}

/**
 * Matrix `index` of a batch (the only one where there is one), copied: XNNPACK caches its packed right
 * side by tensor, so each needs a tensor of its own. Caller disposes.
 */
function matrix(backend: BackendWasm, x: tf.TensorInfo, index: number): tf.TensorInfo {
  const shape = x.shape.slice(-2);
  const size = tf.util.sizeFromShape(shape);
  const copy = backend.makeOutput(shape, "float32");
  const from = (index * size) % tf.util.sizeFromShape(x.shape);
  elements(backend, copy).set(elements(backend, x).subarray(from, from + size));
  return copy;
}
