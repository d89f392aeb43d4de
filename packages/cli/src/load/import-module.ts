// Imports a TypeScript module into this process. It shares the process's modules, so that the tensors
// that an experiment makes belong to the same tfjs as those of the worker.

import { pathToFileURL } from "node:url";

/** True where something (tsx, a test runner) translates TypeScript already: this file itself is some. */
let translating = import.meta.url.endsWith(".ts");

/** The module's default export; undefined where it has none. Runs the module's code. */
export async function importModule(file: string): Promise<unknown> {
  if (!translating) {
    const { register } = await import("tsx/esm/api");
    register();
    translating = true;
  }
  const module: { default?: unknown } = await import(pathToFileURL(file).href);
  return module.default;
}
