// Run by `experiments.test.ts` in a process of its own: trains each experiment that is named on the command
// line for an epoch or two and prints its name and status, one line of JSON each.

import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Experiment } from "@trunkline/core";
import { filesOf, trainCluster } from "../support/cluster.ts";

for (const file of process.argv.slice(2)) {
  const module: { default: Experiment } = await import(pathToFileURL(file).href);
  const { result } = await trainCluster(module.default, {
    set: { epochs: "2" },
    open: filesOf(dirname(file)),
  });
  const { experiment, status, tasks } = result;
  process.stdout.write(`${JSON.stringify({ experiment, status, tasks: Object.keys(tasks) })}\n`);
}
