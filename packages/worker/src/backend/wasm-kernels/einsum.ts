// Einstein sums, which tfjs's wasm backend lacks, as sums, transposes and one matrix product.
// What an equation may say is tfjs's business: at most two terms, no axis twice in one term, no ellipsis.

import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { call, type KernelCall, permute, type WasmKernel, withShape } from "./kernel.ts";

/** A tensor that this kernel made or borrowed, and the label of each of its axes. */
interface Term {
  labels: string[];
  info: tf.TensorInfo;
}

/** `equation(inputs)` as tfjs's einsum has it; float32. */
export const einsum: WasmKernel<tf.EinsumAttrs> = {
  name: tf.Einsum,
  build: () => evaluate,
};

function evaluate({ inputs, backend, attrs }: KernelCall<tf.EinsumAttrs>): tf.TensorInfo {
  const [left = "", right = ""] = attrs.equation.replace(/\s/g, "").split("->");
  const infos = Object.values(inputs);
  check(attrs.equation, infos);
  const output = [...right];
  const parts = left.split(",").map((labels) => [...labels]);
  const terms = parts.map((labels, i): Term => {
    const elsewhere = [...output, ...parts.filter((_, j) => j !== i).flat()];
    const all = { labels, info: infos[i]! };
    return sumAway(
      backend,
      all,
      labels.filter((label) => !elsewhere.includes(label)),
    );
  });
  const [a, b] = terms;
  if (a === undefined) throw new RangeError("an einsum has at least one term");
  const product = b === undefined ? a : multiply(backend, [a, b], output);
  const ordered = reorder(backend, product, output);
  const made = new Set([a, b, product].flatMap((term) => (term === undefined ? [] : [term.info])));
  for (const info of made) if (!infos.includes(info)) backend.disposeData(info.dataId);
  return ordered;
}

/** Refuses what tfjs refuses, in its words. */
function check(equation: string, infos: tf.TensorInfo[]): void {
  const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, infos.length);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, infos as tf.Tensor[]);
  if (infos.some(({ dtype }) => dtype !== "float32")) {
    throw new Error("Einsum of other than float32 tensors is not supported on wasm.");
  }
}

/** Sums over axes that occur nowhere else; the term itself where there are none. */
function sumAway(backend: BackendWasm, term: Term, labels: string[]): Term {
  if (labels.length === 0) return term;
  const axis = labels.map((label) => term.labels.indexOf(label));
  const info = call(backend, tf.Sum, { x: term.info }, { axis, keepDims: false });
  return { labels: term.labels.filter((label) => !labels.includes(label)), info };
}

/** One product `[batch, m, k] x [batch, k, n]`: batch axes are in both terms and kept, k in both and not. */
function multiply(backend: BackendWasm, [a, b]: readonly [Term, Term], output: string[]): Term {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => output.includes(label));
  const summed = shared.filter((label) => !output.includes(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const left = reorder(backend, a, [...batch, ...rows, ...summed]);
  const right = reorder(backend, b, [...batch, ...summed, ...columns]);
  const size = (term: Term, labels: string[]): number =>
    tf.util.sizeFromShape(shapeOf(term, labels));
  const [count, m, k, n] = [size(a, batch), size(a, rows), size(a, summed), size(b, columns)];
  const inputs = { a: withShape(left, [count, m, k]), b: withShape(right, [count, k, n]) };
  const out = call(backend, tf.BatchMatMul, inputs, { transposeA: false, transposeB: false });
  backend.disposeData(left.dataId);
  backend.disposeData(right.dataId);
  const shape = [...shapeOf(a, batch), ...shapeOf(a, rows), ...shapeOf(b, columns)];
  return { labels: [...batch, ...rows, ...columns], info: withShape(out, shape) };
}

function shapeOf({ labels, info }: Term, wanted: string[]): number[] {
  return wanted.map((label) => info.shape[labels.indexOf(label)]!);
}

/** The term with its axes in the given order, as a tensor of its own. Caller disposes. */
function reorder(backend: BackendWasm, term: Term, labels: string[]): tf.TensorInfo {
  return permute(
    backend,
    term.info,
    labels.map((label) => term.labels.indexOf(label)),
  );
}
