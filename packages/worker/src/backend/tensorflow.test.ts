import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, test } from "vitest";
import { loadTensorflow, type RemovedUtil, restoreRemovedUtil } from "./tensorflow.ts";

const made: string[] = [];

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true });
});

/** URL of a module that has a package of the native backend's name, with these files, beside it. */
async function place(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "trunkline-"));
  made.push(folder);
  const root = join(folder, "node_modules", "@tensorflow", "tfjs-node-gpu");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(root, name, ".."), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return pathToFileURL(join(folder, "module.js")).href;
}

const manifest = JSON.stringify({ name: "@tensorflow/tfjs-node-gpu", version: "9.9.9" });

describe("loadTensorflow", () => {
  test("says what is missing, and how to get it", async () => {
    const load = await loadTensorflow(await place({}));
    // Where NODE_PATH leads to the real package, that one is found, and is not built.
    expect(load).toMatchObject({
      works: false,
      why: expect.stringMatching(/not (installed|built)/),
    });
    expect(load).toMatchObject({ remedy: expect.stringContaining("install script") });
  });

  test("does not import a package whose native part is not built", async () => {
    const from = await place({
      "package.json": manifest,
      "index.js": "globalThis.importedUnbuilt = true;",
    });
    const load = await loadTensorflow(from);
    expect(load).toMatchObject({ works: false, why: expect.stringMatching(/not built/) });
    expect("importedUnbuilt" in globalThis).toBe(false);
  });

  test("reports the first line of what a broken native part throws, and imports it once", async () => {
    const from = await place({
      "package.json": manifest,
      "index.js": `
        globalThis.brokenImports = (globalThis.brokenImports ?? 0) + 1;
        throw new Error("libtensorflow.so.2: cannot open\\nand a page more");`,
      "lib/napi-v8/tfjs_binding.node": "",
    });
    const before = tf.getBackend();
    for (let i = 0; i < 2; i++) {
      const load = await loadTensorflow(from);
      expect(load).toMatchObject({ works: false, why: expect.stringMatching(/cannot open$/) });
    }
    expect((globalThis as { brokenImports?: number }).brokenImports).toBe(1);
    expect(tf.getBackend()).toBe(before);
  });

  test("names the version of the native library beside the package's", async () => {
    await tf.setBackend("cpu");
    const from = await place({
      "package.json": manifest,
      "index.js": "",
      "lib/napi-v8/tfjs_binding.node": "",
    });
    const { KernelBackend } = tf;
    class Native extends KernelBackend {
      binding = { TF_Version: "2.18.0" };
      override dispose() {}
    }
    tf.registerBackend("tensorflow", () => new Native());
    try {
      expect(await loadTensorflow(from)).toMatchObject({ works: true, version: "9.9.9+tf2.18.0" });
    } finally {
      await tf.setBackend("cpu");
      tf.removeBackend("tensorflow");
    }
  });

  test("fixes threads and deterministic kernels before the native part starts", async () => {
    const from = await place({
      "package.json": manifest,
      "index.js": `
        const { TF_DETERMINISTIC_OPS, NVIDIA_TF32_OVERRIDE, TF_NUM_INTRAOP_THREADS } = process.env;
        throw new Error([TF_DETERMINISTIC_OPS, NVIDIA_TF32_OVERRIDE, TF_NUM_INTRAOP_THREADS].join());`,
      "lib/napi-v8/tfjs_binding.node": "",
    });
    expect(await loadTensorflow(from)).toMatchObject({ why: expect.stringMatching(/: 1,0,4$/) });
  });
});

test("functions that Node 23 removed from util are given back, and others are left", () => {
  const isArray = (): boolean => true;
  const util: RemovedUtil = { isArray };
  restoreRemovedUtil(util);
  expect(util.isArray).toBe(isArray);
  const values = [null, undefined, 0, "", []];
  expect(values.map((value) => util.isNullOrUndefined?.(value))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  const bare: RemovedUtil = {};
  restoreRemovedUtil(bare);
  expect([bare.isArray?.([]), bare.isArray?.({ length: 0 })]).toEqual([true, false]);
});
