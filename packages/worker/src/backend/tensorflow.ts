// The native TensorFlow backend: an optional package whose native part is built by a command of its own.
// Nothing is imported before that part is seen on disk, because the package throws, prints and leaves
// half of its kernels registered otherwise. How the part is built is not known here.

import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { type BackendLoad, firstLine } from "./attempt.ts";

const packageName = "@tensorflow/tfjs-node-gpu";
const setup =
  "Run the install script of @tensorflow/tfjs-node-gpu, which downloads its native part, or choose the backend wasm.";

/** Set before the native library starts, unless the user has set them: equal bits, and no chatter. */
const nativeEnvironment = {
  TF_CPP_MIN_LOG_LEVEL: "2",
  TF_DETERMINISTIC_OPS: "1",
  TF_CUDNN_DETERMINISTIC: "1",
  NVIDIA_TF32_OVERRIDE: "0",
  // Several workers may share a device; without it the first would take all of its memory.
  TF_FORCE_GPU_ALLOW_GROWTH: "true",
  // Sums regroup with the number of threads, so it is the same on every machine.
  TF_NUM_INTRAOP_THREADS: "4",
  TF_NUM_INTEROP_THREADS: "1",
};

/** One load per process and place: a second import would register every kernel again, loudly. */
const loads = new Map<string, Promise<BackendLoad>>();

/**
 * Makes tensorflow the current backend, where its package and native part are there.
 *
 * @param from - URL of the module whose dependencies are searched.
 */
export async function loadTensorflow(from: string = import.meta.url): Promise<BackendLoad> {
  const load = loads.get(from) ?? importNative(from);
  loads.set(from, load);
  const result = await load;
  if (result.works) await tf.setBackend("tensorflow");
  return result;
}

async function importNative(from: string): Promise<BackendLoad> {
  const require = createRequire(from);
  const root = packageRoot(require);
  if (root === undefined) {
    return { works: false, why: `the package ${packageName} is not installed`, remedy: setup };
  }
  if (!hasNativePart(root)) {
    return { works: false, why: `the native part of ${packageName} is not built`, remedy: setup };
  }
  try {
    for (const [name, value] of Object.entries(nativeEnvironment)) process.env[name] ??= value;
    restoreRemovedUtil(require("node:util") as RemovedUtil);
    // Through `require`, as `import()` of a CommonJS package would do in the end, and from `from`.
    require(packageName);
    await tf.ready();
    const { version } = require(`${packageName}/package.json`) as { version: string };
    const { binding } = tf.findBackend("tensorflow") as unknown as NativeBackend;
    return { works: true, version: `${version}+tf${binding.TF_Version}`, why: "native TensorFlow" };
  } catch (cause) {
    const why = `the native part of ${packageName} did not load: ${firstLine(cause)}`;
    return { works: false, why, remedy: setup };
  }
}

/** What is read of the package's backend; the library that computes has a version of its own. */
interface NativeBackend {
  binding: { TF_Version: string };
}

function packageRoot(require: NodeJS.Require): string | undefined {
  try {
    return dirname(require.resolve(`${packageName}/package.json`));
  } catch {
    return undefined;
  }
}

/** Whether a binding was built for any version of Node-API. */
function hasNativePart(root: string): boolean {
  const lib = join(root, "lib");
  if (!existsSync(lib)) return false;
  return readdirSync(lib).some((folder) => existsSync(join(lib, folder, "tfjs_binding.node")));
}

/** What tfjs-node 4.22 calls of `node:util` and Node 23 removed. */
export interface RemovedUtil {
  isArray?: (value: unknown) => boolean;
  isNullOrUndefined?: (value: unknown) => boolean;
}

/** Gives `util` back the functions that Node 23 removed; leaves those that are there. */
export function restoreRemovedUtil(util: RemovedUtil): void {
  util.isArray ??= Array.isArray;
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
}
