// Starts a module of this folder as a worker thread, from the build and from the sources alike. Node
// does not hand loader hooks down to its threads, so in development the thread registers tsx by itself.

import { Worker } from "node:worker_threads";

const here = import.meta.url;

/** `name` is the module's file name without extension; it finds `data` as its `workerData`. */
export function startThread(name: string, data: object): Worker {
  if (!here.endsWith(".ts")) return new Worker(new URL(`./${name}.js`, here), { workerData: data });
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const module = JSON.stringify(new URL(`./${name}.ts`, here).href);
  const code = `import(${tsx}).then(({ register }) => { register(); return import(${module}); });`;
  return new Worker(code, {
    eval: true,
    execArgv: ["--conditions=@trunkline/source"],
    workerData: data,
  });
}
