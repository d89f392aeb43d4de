// The WebGPU backend: named, so that asking for it gets a plain answer, and not yet built in.

import type { BackendLoad } from "./attempt.ts";

export function loadWebgpu(): Promise<BackendLoad> {
  return Promise.resolve({
    works: false,
    why: "it is not built into this version of Trunkline",
    remedy: "Choose the backend auto, tensorflow or wasm.",
  });
}
