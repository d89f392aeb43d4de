// The example `conflict`: plain summing serves the task with the large loss alone.

import { expect, test } from "vitest";
import experiment from "../examples/conflict/experiment.ts";
import { noise } from "../examples/conflict/samples.ts";
import { trainCluster } from "./support/cluster.ts";

/** Explained variance of both tasks at the end, on the test split. */
async function explained(set: Record<string, string>) {
  const { result } = await trainCluster(experiment, { set });
  expect(result.status).toBe("finished");
  const { loud, faint } = result.tasks;
  return {
    loud: loud!.metrics.explainedVariance!,
    faint: faint!.metrics.explainedVariance!,
  };
}

/** Of the best predictor there is. */
const best = 1 / (1 + noise ** 2);

test("plain summing learns the loud task, and of the faint one what the loud one tells of it", async () => {
  const { loud, faint } = await explained({ method: "ew" });
  expect(loud).toBeGreaterThan(best - 0.05);
  expect(faint).toBeLessThan(best / 2);
});

test("steps normalised task by task learn both", async () => {
  const { loud, faint } = await explained({ method: "mao" });
  expect(loud).toBeGreaterThan(best - 0.1);
  expect(faint).toBeGreaterThan(best - 0.1);
});

test("with equal scales plain summing learns both", async () => {
  const { loud, faint } = await explained({ method: "ew", scale: "1" });
  expect(loud).toBeGreaterThan(best - 0.05);
  expect(faint).toBeGreaterThan(best - 0.05);
});
