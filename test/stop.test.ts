// A run that is stopped ends with one consistent state, the last edge, and measures that.

import { hashesOf } from "@trunkline/coordinator";
import { adam, ateSg, type RunEvent, type ScheduleSpec, satSg, sg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { sharedInput } from "./support/experiments.ts";
import { initialState, recording, scoresByHand } from "./support/states.ts";

const optimizer = { trunk: adam({ learningRate: 0.02 }), heads: adam({ learningRate: 0.02 }) };

interface Moment {
  schedule: ScheduleSpec;
  /** The event upon which the user stops the run. */
  on: (event: RunEvent) => boolean;
  /** Epochs that stay. */
  epochs: number;
}

const moments: [string, Moment][] = [
  [
    "in the first phase, before any edge",
    { schedule: ateSg(), on: (event) => event.type === "step" && event.step === 1, epochs: 0 },
  ],
  [
    "inside a shared phase",
    { schedule: ateSg(), on: (event) => event.type === "step" && event.epoch === 2, epochs: 2 },
  ],
  [
    "in a head phase with some heads in",
    {
      schedule: ateSg(),
      on: (event) => event.type === "headsDelivered" && event.phase === 3,
      epochs: 3,
    },
  ],
  [
    "inside a joint phase of sg",
    { schedule: sg(), on: (event) => event.type === "step" && event.epoch === 1, epochs: 1 },
  ],
  [
    "inside a joint phase of satSg",
    { schedule: satSg(), on: (event) => event.type === "step" && event.epoch === 1, epochs: 1 },
  ],
  [
    "as heads of a joint phase come in",
    {
      schedule: sg(),
      on: (event) => event.type === "headsDelivered" && event.phase === 2,
      epochs: 2,
    },
  ],
  [
    "at an edge, before its evaluation",
    { schedule: ateSg(), on: (event) => event.type === "edge" && event.epoch === 2, epochs: 2 },
  ],
];

describe.each(moments)("stopped %s", (_, { schedule, on, epochs }) => {
  test("a run has the weights, the counts and the scores of its last edge", async () => {
    const made = sharedInput({ schedule, optimizer, epochs: 6 });
    const { archive, last } = recording();
    const {
      result,
      events,
      last: end,
    } = await trainCluster(made, {
      workers: 2,
      archive,
      watch: (event, coordinator) => {
        if (on(event)) coordinator.stop();
      },
    });
    expect(result).toMatchObject({ status: "stopped", epochs });
    const edge = epochs === 0 ? await initialState(made) : last.at(-1)!;
    expect(result.hashes).toEqual(hashesOf(edge));
    expect(hashesOf(end!)).toEqual(result.hashes);
    const byHand = await scoresByHand(made, edge, "test");
    for (const [task, { loss, metrics }] of Object.entries(result.tasks)) {
      expect(loss).toBeCloseTo(byHand[task]!.loss, 5);
      expect(metrics.accuracy).toBe(byHand[task]!.accuracy);
    }
    expect(Object.keys(result.tasks)).toHaveLength(3);
    const trained = result.phases.reduce((sum, phase) => sum + phase.epochs, 0);
    expect(trained).toBe(epochs);
    expect(events.at(-1)).toMatchObject({ type: "runEnded", status: "stopped" });
  });
});

test("stopped before its workers came, a run has its initial weights", async () => {
  const made = sharedInput({ optimizer });
  const { result } = await trainCluster(made, {
    workers: 2,
    watch: (event, coordinator) => {
      if (event.type === "workerJoined") coordinator.stop();
    },
  });
  expect(result).toMatchObject({ status: "stopped", epochs: 0, phases: [], tasks: {} });
  expect(result.hashes).toEqual(hashesOf(await initialState(made)));
});
