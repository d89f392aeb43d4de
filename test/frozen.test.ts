// Frozen means bit-identical: weights, statistics and the optimizer's state.

import type { Snapshot } from "@trunkline/coordinator";
import { adam, adamw, ateSg, type Experiment, momentum, rmsprop, sgd } from "@trunkline/core";
import { beforeAll, describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { sharedInput, statefulLayers } from "./support/experiments.ts";
import { bitsOf, headBits, initialState, recording } from "./support/states.ts";

const optimizers = [
  ["momentum", momentum({ learningRate: 0.05, momentum: 0.9 })],
  [
    "Nesterov's momentum with decay",
    momentum({ learningRate: 0.05, nesterov: true, weightDecay: 0.1 }),
  ],
  ["Adam", adam({ learningRate: 0.01 })],
  ["AdamW", adamw({ learningRate: 0.01, weightDecay: 0.5 })],
  ["RMSProp", rmsprop({ learningRate: 0.01 })],
  ["gradient descent with decay", sgd({ learningRate: 0.05, weightDecay: 0.5 })],
] as const;

type State = Pick<Snapshot, "trunk" | "heads">;

/** The state before the run, and at each of its edges. */
async function statesOf(made: Experiment): Promise<[State, ...State[]]> {
  const { archive, last } = recording();
  const { result } = await trainCluster(made, { archive });
  expect(result.status).toBe("finished");
  expect(last).toHaveLength(result.phases.length);
  return [await initialState(made), ...last];
}

const pairs = <T>(values: readonly T[]) =>
  values.slice(1).map((value, i) => [values[i]!, value] as const);

describe.each(optimizers)("%s, batch norm and dropout", (name, spec) => {
  const optimizer = { trunk: spec, heads: spec };
  const hasState = name !== "gradient descent with decay";
  let steps: (readonly [State, State])[];

  beforeAll(async () => {
    const made = statefulLayers({ schedule: ateSg({ sharedEpochs: 2 }), optimizer, epochs: 6 });
    steps = pairs(await statesOf(made));
    expect(steps).toHaveLength(4);
  });

  test("a shared phase moves the trunk and leaves every bit of the heads", () => {
    for (const [before, after] of [steps[0]!, steps[2]!]) {
      expect(headBits(after)).toEqual(headBits(before));
      expect(bitsOf(after.trunk).weights).not.toBe(bitsOf(before.trunk).weights);
      if (hasState) expect(bitsOf(after.trunk).optimizer).not.toBe(bitsOf(before.trunk).optimizer);
    }
  });

  test("a head phase moves the heads and leaves every bit of the trunk", () => {
    for (const [before, after] of [steps[1]!, steps[3]!]) {
      expect(bitsOf(after.trunk)).toEqual(bitsOf(before.trunk));
      for (const [task, moved] of Object.entries(after.heads)) {
        const old = before.heads[task]!;
        expect(bitsOf(moved).weights).not.toBe(bitsOf(old).weights);
        if (hasState) expect(bitsOf(moved).optimizer).not.toBe(bitsOf(old).optimizer);
      }
    }
  });
});

test("batch-norm statistics move with their own block only", async () => {
  const schedule = ateSg({ first: "head" });
  const [start, afterHead, afterShared] = await statesOf(statefulLayers({ schedule, epochs: 2 }));
  expect(afterHead!.trunk.statistics).toEqual(start.trunk.statistics);
  expect(afterShared!.trunk.statistics).not.toEqual(start.trunk.statistics);
  for (const task of Object.keys(start.heads)) {
    expect(afterHead!.heads[task]!.statistics).not.toEqual(start.heads[task]!.statistics);
    expect(afterShared!.heads[task]!.statistics).toEqual(afterHead!.heads[task]!.statistics);
  }
});

test("the hashes of an edge tell which block moved", async () => {
  const { events } = await trainCluster(sharedInput({ schedule: ateSg() }), { workers: 3 });
  const edges = events.filter((event) => event.type === "edge");
  expect(edges.map((edge) => edge.epoch)).toEqual([1, 2, 3, 4]);
  for (const [phase, [before, after]] of pairs(edges).entries()) {
    const trunkMoved = after.hashes.trunk !== before.hashes.trunk;
    const heads = Object.keys(after.hashes.heads);
    const moved = heads.map((task) => after.hashes.heads[task] !== before.hashes.heads[task]);
    // The pair's second edge ends phase 1, 2, 3, ...; odd ones are head phases.
    expect([trunkMoved, ...moved]).toEqual(
      phase % 2 === 0 ? [false, true, true, true] : [true, false, false, false],
    );
  }
});
