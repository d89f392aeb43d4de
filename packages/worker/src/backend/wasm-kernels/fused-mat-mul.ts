// The matrix product with bias and activation. tfjs takes the same slow path for transposed arguments
// here as in `batch-mat-mul.ts`, and the same way leads around it.

import * as tf from "@tensorflow/tfjs";
import { type MatMulAttributes, withoutTransposes } from "./batch-mat-mul.ts";
import type { WasmKernel } from "./kernel.ts";

/** `activation([N, m, k] x [N, k, n] + bias[n]) -> [N, m, n]`, float32. */
export const fusedMatMul: WasmKernel<MatMulAttributes> = {
  name: tf._FusedMatMul,
  build(original) {
    return (request) => withoutTransposes(request, original);
  },
};
