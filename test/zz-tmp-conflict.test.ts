import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import experiment from "../examples/conflict/experiment.ts";
test("x", async () => {
  const out: string[] = [];
  for (const method of (process.env.M ?? "ew,mao,pcgrad,upgrad,nash-mtl").split(",")) {
    const t = performance.now();
    const { result, events } = await trainCluster(experiment, { set: { ...JSON.parse(process.env.S ?? "{}"), method } });
    const ev = events.filter((e) => e.type === "evaluated").map((e) => Object.values(e.tasks).map((x) => x.metrics.explainedVariance!.toFixed(3)).join("/"));
    out.push(`${method} ${JSON.stringify(result.tasks)} ${ev.join(" ")} ${((performance.now() - t) / 1000).toFixed(1)} s ${events.find((e) => e.type === "runFailed") ? JSON.stringify(events.find((e) => e.type === "runFailed")) : ""}`);
  }
  writeFileSync("/tmp/cf/out.txt", out.join("\n"));
}, 600_000);
