// Time as the coordinator sees it: who spoke while it was busy was not silent.

import { type Clock, Coordinator, noArchive } from "@trunkline/coordinator";
import type { NumericFingerprint, RunEvent } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { fingerprint, joinWorker, prepared, trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";

/** Time that moves when it is told to. */
class ManualClock implements Clock {
  #nowMs = 0;
  #tick = () => {};

  nowMs(): number {
    return this.#nowMs;
  }

  every(_periodMs: number, tick: () => void): () => void {
    this.#tick = tick;
    return () => {
      this.#tick = () => {};
    };
  }

  pass(seconds: number, each: () => void): void {
    for (let second = 0; second < seconds; second++) {
      this.#nowMs += 1_000;
      this.#tick();
      each();
    }
  }
}

const arrived = () => new Promise((resolve) => setImmediate(resolve));

/** A run of one worker, whose checkpoints take 20 s each. */
async function withSlowDisk({ heartbeats }: { heartbeats: boolean }) {
  const made = sharedInput({ epochs: 2 });
  const { ready, hash } = await prepared(made);
  const clock = new ManualClock();
  const beats: (() => void)[] = [];
  const saveCheckpoint = async () => {
    clock.pass(20, () => {
      if (heartbeats) for (const beat of beats) beat();
    });
    await arrived();
  };
  const coordinator = new Coordinator({
    experiment: ready,
    experimentHash: hash,
    run: "test",
    workers: 1,
    allowMixed: false,
    clock,
    archive: { ...noArchive, saveCheckpoint },
  });
  const events: RunEvent[] = [];
  coordinator.subscribe((event) => events.push(event));
  coordinator.start();
  const worker = joinWorker(coordinator, made, {
    name: "worker",
    records: [],
    alone: true,
    connected: (_, atWorker) =>
      beats.push(() => atWorker.send({ type: "heartbeat", progress: null })),
  });
  const result = await coordinator.result;
  await Promise.allSettled([worker.left]);
  ready.network.dispose();
  return { result, events };
}

test("a checkpoint that takes longer than silence is allowed costs no worker that beats", async () => {
  const { result } = await withSlowDisk({ heartbeats: true });
  expect(result.status).toBe("finished");
});

test("a worker that is silent meanwhile is lost", async () => {
  const { result, events } = await withSlowDisk({ heartbeats: false });
  expect(result.status).toBe("failed");
  expect(events.find((event) => event.type === "runFailed")).toMatchObject({
    code: "run/worker-lost",
    message: expect.stringContaining("silent for 20 s"),
  });
});

describe("workers of unequal arithmetic", () => {
  const fingerprints = [fingerprint, { ...fingerprint, probe: "other" }];
  const made = sharedInput({ epochs: 2 });
  const run = (allowMixed: boolean, of: NumericFingerprint[]) =>
    trainCluster(made, { workers: 2, allowMixed, fingerprints: of });

  test("are allowed on wish, and then the result promises no equal bits", async () => {
    expect((await run(true, fingerprints)).result.bits).toBe("not promised");
    expect((await run(true, [fingerprint, fingerprint])).result.bits).toBe("equal");
  });
});
