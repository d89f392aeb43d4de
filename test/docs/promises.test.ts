// `docs/promises.md` against the tests that it names, and its account of failures against runs that fail.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Coordinator } from "@trunkline/coordinator";
import type { RunEvent } from "@trunkline/core";
import { backendNames } from "@trunkline/worker";
import { describe, expect, test } from "vitest";
import { joinWorker, prepared, trainCluster, wallClock } from "../support/cluster.ts";
import { sharedInput } from "../support/experiments.ts";
import { root } from "./example-files.ts";
import { page, quoted, rows, section } from "./markdown.ts";

const text = page("promises");

test("every test that the page names is there", () => {
  const named = rows(section(text, "## What is shown, and by which test"));
  expect(named.length).toBeGreaterThan(0);
  const missing = named.filter(([, file, title]) => {
    const path = join(root, quoted(file!)[0]!);
    return !existsSync(path) || !isTitle(readFileSync(path, "utf8"), title!);
  });
  expect(missing).toEqual([]);
});

test("every backend has its line", () => {
  const named = rows(section(text, "## Where it holds")).map(([name]) => quoted(name!)[0]!);
  expect(named.sort()).toEqual([...backendNames].sort());
});

describe("what the page says of failures", () => {
  test("a lost worker ends the run as failed, with the last edge", async () => {
    const { result, edges } = await runWithout("holder");
    expect(result).toMatchObject({ status: "failed", tasks: {}, epochs: 1 });
    expect(edges.length).toBe(1);
    expect(result.hashes).toEqual(edges[0]!.hashes);
  });

  test("a lost stand-by ends nothing", async () => {
    const { result } = await runWithout("stand-by");
    expect(result).toMatchObject({ status: "finished", epochs: 2 });
  });

  test("a stop measures the last edge on test", async () => {
    const { result, events } = await trainCluster(sharedInput(), {
      watch: (event, coordinator) => {
        if (event.type === "phaseStarted" && event.phase === 1) coordinator.stop();
      },
    });
    expect(result).toMatchObject({ status: "stopped", split: "test", epochs: 1 });
    expect(Object.keys(result.tasks)).toEqual(["disc", "diamond", "signs"]);
    expect(result.hashes).toEqual(edgesOf(events)[0]!.hashes);
  });
});

/** Two workers, one shard; one of them leaves when the second phase begins. */
async function runWithout(who: "holder" | "stand-by") {
  const experiment = sharedInput({ shards: 1, epochs: 2 });
  const { ready, hash } = await prepared(experiment);
  const coordinator = new Coordinator({
    experiment: ready,
    experimentHash: hash,
    run: "test",
    workers: 2,
    allowMixed: false,
    clock: wallClock,
  });
  const events: RunEvent[] = [];
  coordinator.start();
  const names = ["worker-0", "worker-1"];
  const workers = names.map((name) => {
    return joinWorker(coordinator, experiment, { name, records: [], alone: false });
  });
  coordinator.subscribe((event) => {
    events.push(event);
    if (event.type !== "phaseStarted" || event.phase !== 1) return;
    const joined = events.filter((one) => one.type === "workerJoined");
    const holder = joined.find(({ member }) => member === event.holders[0])!;
    const leaver = names.findIndex((name) => (name === holder.name) === (who === "holder"));
    workers[leaver]!.stop();
  });
  const result = await coordinator.result;
  await Promise.allSettled(workers.map((worker) => worker.left));
  ready.network.dispose();
  return { result, edges: edgesOf(events) };
}

function edgesOf(events: readonly RunEvent[]) {
  return events.filter((event) => event.type === "edge");
}

/** A title ends at its quote, or goes on with what is put in for a case. */
function isTitle(source: string, title: string): boolean {
  return source.includes(`"${title}"`) || source.includes(`"${title}: %s"`);
}
