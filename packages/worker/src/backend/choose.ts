// Which tfjs backend this process computes on: the one that was asked for, or the fastest that works.
// How each is loaded is in the file of its name.

import * as tf from "@tensorflow/tfjs";
import { EnvironmentError, expected } from "@trunkline/core";
import { type BackendLoad, type BackendName, firstLine } from "./attempt.ts";
import { loadCpu, silenceBanner } from "./cpu.ts";
import { loadTensorflow } from "./tensorflow.ts";
import { loadWasm } from "./wasm.ts";
import { loadWebgpu } from "./webgpu.ts";

export type { BackendName } from "./attempt.ts";

/** One backend that was tried. */
export interface BackendAttempt {
  name: BackendName;
  works: boolean;
  why: string;
  /** Of the backend's package; only where it works. */
  version?: string;
  /** What to do about it; only where it does not work. */
  remedy?: string;
}

export interface BackendChoice {
  name: BackendName;
  version: string;
  /** Why this one, in words. */
  reason: string;
  /** Every backend that was tried, in order; the last is the choice. */
  tried: BackendAttempt[];
}

const loaders: Readonly<Record<BackendName, () => Promise<BackendLoad>>> = {
  tensorflow: () => loadTensorflow(),
  webgpu: loadWebgpu,
  wasm: loadWasm,
  cpu: loadCpu,
};

/** All backends, fastest first. */
export const backendNames = [
  "tensorflow",
  "webgpu",
  "wasm",
  "cpu",
] as const satisfies BackendName[];

/** What `auto` tries: backends whose results a run may promise to repeat. */
const automatic: readonly BackendName[] = ["tensorflow", "wasm", "cpu"];

/**
 * Makes a backend the current one of tfjs and waits until it is ready. On wasm that includes the kernels
 * that tfjs lacks. Prints nothing.
 *
 * @throws EnvironmentError `backend/unavailable`, with the remedy, where the wanted one does not work.
 */
export async function chooseBackend(wanted: BackendName | "auto"): Promise<BackendChoice> {
  silenceBanner();
  const tried: BackendAttempt[] = [];
  for (const name of wanted === "auto" ? automatic : [wanted]) {
    const found = await attempt(name);
    tried.push(found);
    if (found.works) {
      return { name, version: found.version ?? "", reason: reasonFor(tried, wanted), tried };
    }
  }
  throw unavailable(wanted, tried);
}

/** Tries every backend, for a report; the current one is the same afterwards. */
export async function probeBackends(): Promise<BackendAttempt[]> {
  silenceBanner();
  // Empty before the first tensor of a process; tfjs cannot go back to that.
  const current = (tf.getBackend() as string | undefined) || "cpu";
  const found: BackendAttempt[] = [];
  for (const name of backendNames) found.push(await attempt(name));
  await tf.setBackend(current);
  return found;
}

/** Loads a backend and lets it compute something. */
async function attempt(name: BackendName): Promise<BackendAttempt> {
  const load = await loaders[name]();
  if (!load.works) return { name, ...load };
  try {
    if (!multiplies()) throw new Error("a product of two matrices came out wrong");
    return { name, ...load };
  } catch (cause) {
    const why = `it loads, but does not compute: ${firstLine(cause)}`;
    return { name, works: false, why, remedy: "Choose another backend." };
  }
}

function multiplies(): boolean {
  return tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0] === 11);
}

function reasonFor(tried: readonly BackendAttempt[], wanted: BackendName | "auto"): string {
  const why = tried.at(-1)?.why ?? "";
  if (wanted !== "auto") return `it was asked for (${why})`;
  const failed = tried.slice(0, -1).map((attempted) => `${attempted.name}: ${attempted.why}`);
  return failed.length === 0 ? why : `${why} (faster ones do not work: ${failed.join("; ")})`;
}

function unavailable(wanted: string, tried: readonly BackendAttempt[]): EnvironmentError {
  const reasons = tried.map(({ name, why }) => `${name}: ${why}`).join("; ");
  const sentence = expected("backend", "one that works on this machine", wanted);
  const remedy = tried.map((attempted) => attempted.remedy).join("\n");
  return new EnvironmentError("backend/unavailable", `${sentence} Because ${reasons}.`, {
    remedy,
    details: { wanted, tried },
  });
}
