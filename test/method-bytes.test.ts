// What each kind of need costs on the wire, beside plain summing.
// Letters: M = tasks, S = shards, W = workers, P = length of the trunk.

import type { PhaseRecord } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";

const [tasks, shards, workers] = [3, 2, 2];
/** 8 x 2 + 8 and 6 x 8 + 6. */
const length = 24 + 54;
const rounds = 5;
/** A tensor's values and the header of its one chunk. */
const tensorBytes = 4 * length + 16;
const doubleBytes = 9;

/** The second shared phase, in which nobody joins and every number has come to its size. */
async function sharedPhase(set: Record<string, string>): Promise<PhaseRecord> {
  const experiment = sharedInput({ epochs: 4, shards, conflictEvery: 1000 });
  const { result } = await trainCluster(experiment, { workers, set });
  expect(result.status).toBe("finished");
  return result.phases.filter(({ kind }) => kind === "shared")[1]!;
}

const plain = await sharedPhase({ method: "ew" });
const { byKind } = plain.bytes;

test("plain summing sends one gradient per shard and round", () => {
  expect(byKind.gradients).toBe(rounds * shards * tensorBytes);
  expect(byKind.trunk).toBe(rounds * workers * tensorBytes);
});

test("a method that needs nothing costs nothing", async () => {
  const { bytes } = await sharedPhase({ method: "rlw" });
  expect({ ...bytes.byKind, heartbeat: 0 }).toEqual({ ...byKind, heartbeat: 0 });
});

test.each(["uw", "dwa", "imtl-l"])(
  "%s, which learns from finished steps, costs M numbers on messages that go anyway",
  async (method) => {
    const { bytes } = await sharedPhase({ method });
    expect(bytes.byKind.gradients).toBe(byKind.gradients);
    const extra = bytes.byKind.control - byKind.control;
    // One `trunk` or `beginPhase` per worker and round; integers are shorter.
    expect(extra).toBeLessThanOrEqual((rounds + 1) * workers * tasks * doubleBytes);
  },
);

test("gradnorm sends M norms more with its gradients", async () => {
  const { bytes } = await sharedPhase({ method: "gradnorm" });
  expect(bytes.byKind.gradients).toBe(byKind.gradients);
  const extra = bytes.byKind.control - byKind.control;
  const names = "disc diamond signs".length;
  const down = (rounds + 1) * workers * tasks * doubleBytes;
  expect(extra).toBeLessThanOrEqual(rounds * (tasks * doubleBytes + names) + down);
});

describe.each([
  ["gls", "M losses each way"],
  ["famo", "M losses each way, and those after the step before"],
  ["db-mtl", "M losses and norms up, M weights down"],
])("%s costs one short exchange", (method, what) => {
  test(what, async () => {
    const { bytes } = await sharedPhase({ method });
    expect(bytes.byKind.gradients).toBe(byKind.gradients);
    expect(bytes.byKind.trunk).toBe(byKind.trunk);
    const extra = (bytes.byKind.control - byKind.control) / rounds;
    // `figures` of each shard and `weights` to each worker: M names and numbers, and where they belong.
    const envelope = 160;
    expect(extra).toBeGreaterThan(2 * tasks * doubleBytes);
    expect(extra).toBeLessThanOrEqual(
      (shards + workers) * envelope + (3 + workers) * tasks * (doubleBytes + 8),
    );
  });
});

test.each(["pcgrad", "mgda", "graddrop", "mtadam"])(
  "%s sends a row per task instead of a sum per shard",
  async (method) => {
    const { bytes } = await sharedPhase({ method });
    expect(bytes.byKind.gradients).toBe(rounds * tasks * tensorBytes);
    expect(bytes.byKind.trunk).toBe(byKind.trunk);
  },
);

test("in two passes it sends both", async () => {
  const { bytes } = await sharedPhase({ method: "pcgrad", "rows.twoPass": "true" });
  expect(bytes.byKind.gradients).toBe(rounds * (tasks + shards) * tensorBytes);
});

test("mao sends one sum of steps per shard, and its state once a phase", async () => {
  const { bytes } = await sharedPhase({ method: "mao" });
  expect(bytes.byKind.gradients).toBe(byKind.gradients);
  expect(bytes.byKind.optimizer).toBe(tasks * 2 * tensorBytes);
});
