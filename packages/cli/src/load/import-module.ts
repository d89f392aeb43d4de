// Imports compiled code into this process. It shares the process's modules, so that the tensors that an
// experiment makes belong to the same tfjs as those of the worker.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The module's default export; undefined where it has none. Runs the module's code. */
export async function importModule(code: string): Promise<unknown> {
  // Stack traces then name the experiment's own files.
  process.setSourceMapsEnabled(true);
  const folder = await mkdtemp(join(tmpdir(), "trunkline-experiment-"));
  try {
    const path = join(folder, "experiment.mjs");
    await writeFile(path, code);
    const module: { default?: unknown } = await import(pathToFileURL(path).href);
    return module.default;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
