import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { valuesOn } from "../../../test/compare-backends.ts";
import { installWasmKernels, wasmKernelNames } from "./install.ts";

test("installing twice changes nothing, and the undo restores tfjs's own kernels", async () => {
  await valuesOn("wasm", () => []);
  const undo = installWasmKernels();
  const ours = wasmKernelNames.map((name) => tf.getKernel(name, "wasm"));
  expect(installWasmKernels()).toBe(undo);
  expect(wasmKernelNames.map((name) => tf.getKernel(name, "wasm"))).toEqual(ours);
  undo();
  const without = wasmKernelNames.filter((name) => tf.getKernel(name, "wasm") === undefined);
  expect(without).toEqual([
    "Conv2DBackpropFilter",
    "DepthwiseConv2dNativeBackpropFilter",
    "DepthwiseConv2dNativeBackpropInput",
    "Einsum",
    "UnsortedSegmentSum",
  ]);
  installWasmKernels();
  expect(tf.getKernel("Einsum", "wasm")).toBeDefined();
});
