// The wasm backend: tfjs's, with the kernels that training needs besides.

import * as tf from "@tensorflow/tfjs";
import { type BackendLoad, firstLine } from "./attempt.ts";
import { installWasmKernels } from "./wasm-kernels/install.ts";

/** Makes wasm the current backend, with our kernels. */
export async function loadWasm(): Promise<BackendLoad> {
  try {
    const { setThreadsCount, version_wasm: version } = await import(
      "@tensorflow/tfjs-backend-wasm"
    );
    // Node runs tfjs's wasm on one thread anyway; said outright, so that sums never regroup.
    if (tf.findBackend("wasm") === null) setThreadsCount(1);
    installWasmKernels();
    if (!(await tf.setBackend("wasm"))) throw new Error("its WebAssembly module did not start");
    await tf.ready();
    return { works: true, version, why: "WebAssembly with SIMD, one thread per worker process" };
  } catch (cause) {
    return {
      works: false,
      why: `the WebAssembly backend did not load: ${firstLine(cause)}`,
      remedy: "Install the packages again with `npm ci`, or choose the backend cpu.",
    };
  }
}
