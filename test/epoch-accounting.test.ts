// Epochs, steps and updates: counted in the result, told in the events, and done by the workers, each
// once.

import {
  ateSg,
  type Dataset,
  type Experiment,
  type PhaseKind,
  type RunEvent,
  type RunEventOf,
  type ScheduleSpec,
  satSg,
  sg,
} from "@trunkline/core";
import type { WorkRecord } from "@trunkline/worker";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, ownInputs } from "./support/experiments.ts";

interface PlannedPhase {
  kind: PhaseKind;
  firstEpoch: number;
  epochs: number;
}

/** `ownInputs`: 50, 21 and 33 samples in batches of 16, so 4 steps. */
const stepsPerEpoch = 4;

const runs: { name: string; schedule: ScheduleSpec; epochs: number; phases: PlannedPhase[] }[] = [
  {
    name: "ateSg 2/3 over 8 epochs",
    schedule: ateSg({ sharedEpochs: 2, headEpochs: 3 }),
    epochs: 8,
    phases: [
      { kind: "shared", firstEpoch: 0, epochs: 2 },
      { kind: "head", firstEpoch: 2, epochs: 3 },
      { kind: "shared", firstEpoch: 5, epochs: 2 },
      { kind: "head", firstEpoch: 7, epochs: 1 },
    ],
  },
  {
    name: "sg over 3 epochs",
    schedule: sg(),
    epochs: 3,
    phases: [0, 1, 2].map((firstEpoch) => ({ kind: "joint", firstEpoch, epochs: 1 })),
  },
  {
    name: "satSg over 3 epochs",
    schedule: satSg(),
    epochs: 3,
    phases: [0, 1, 2].map((firstEpoch) => ({ kind: "joint", firstEpoch, epochs: 1 })),
  },
];

const epochsOf = ({ firstEpoch, epochs }: PlannedPhase) =>
  Array.from({ length: epochs }, (_, i) => firstEpoch + i);

const stepsOf = (phase: PlannedPhase) =>
  epochsOf(phase).flatMap((epoch) =>
    Array.from({ length: stepsPerEpoch }, (_, step) => ({ epoch, step })),
  );

const epochsThatMove = (phases: readonly PlannedPhase[], frozen: PhaseKind) =>
  phases.filter(({ kind }) => kind !== frozen).reduce((sum, { epochs }) => sum + epochs, 0);

function only<T extends RunEvent["type"]>(events: readonly RunEvent[], type: T): RunEventOf<T>[] {
  return events.filter((event): event is RunEventOf<T> => event.type === type);
}

/** One line per shard-step that somebody did. */
function expanded(work: readonly WorkRecord[]): string[] {
  return work.flatMap(({ phase, kind, shard, epoch, from, to }) =>
    Array.from(
      { length: to - from + 1 },
      (_, i) => `${phase} ${kind} ${shard} ${epoch} ${from + i}`,
    ),
  );
}

function wholeWork(phases: readonly PlannedPhase[], shards: number): string[] {
  return phases.flatMap((phase, index) =>
    stepsOf(phase).flatMap(({ epoch, step }) =>
      Array.from({ length: shards }, (_, s) => `${index} ${phase.kind} ${s} ${epoch} ${step}`),
    ),
  );
}

describe.each(runs)("$name", ({ schedule, epochs, phases }) => {
  const made: Experiment = ownInputs({ schedule, epochs });

  test.each([1, 2, 3])("%d workers make each update once and say so", async (workers) => {
    const { result, events, work } = await trainCluster(made, { workers });

    const trunk = epochsThatMove(phases, "head") * stepsPerEpoch;
    const head = epochsThatMove(phases, "shared") * stepsPerEpoch;
    expect(result.updates).toEqual({ trunk, heads: { large: head, small: head, middle: head } });
    expect(result.epochs).toBe(epochs);
    expect(
      result.phases.map(({ kind, firstEpoch, epochs }) => ({ kind, firstEpoch, epochs })),
    ).toEqual(phases);

    const moving = phases.flatMap((phase, index) =>
      phase.kind === "head" ? [] : stepsOf(phase).map((at) => ({ phase: index, ...at })),
    );
    const told = only(events, "step");
    expect(told.map(({ phase, epoch, step }) => ({ phase, epoch, step }))).toEqual(moving);
    expect(told.map(({ trunkVersion }) => trunkVersion)).toEqual(moving.map((_, i) => i + 1));
    for (const { losses, members } of told) {
      expect(Object.keys(losses)).toEqual(["large", "small", "middle"]);
      expect(new Set(members).size).toBe(workers);
    }

    expect(work.every((records) => records.length > 0)).toBe(true);
    const done = work.flatMap(expanded);
    expect(done.sort()).toEqual(wholeWork(phases, 3).sort());
  });

  test("the events tell the phases in order, with a loss per head and epoch", async () => {
    const { events } = await trainCluster(made, { workers: 2 });
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i));
    expect(events[0]).toMatchObject({
      type: "runStarted",
      stepsPerEpoch,
      samplesPerEpoch: 50,
      epochs,
      phases,
    });
    expect(events.at(-1)).toMatchObject({ type: "runEnded", status: "finished" });
    const marks = events.filter(({ type }) => /phaseStarted|edge|phaseEnded/.test(type));
    expect(marks.map(({ type }) => type)).toEqual(
      phases.flatMap(() => ["phaseStarted", "edge", "phaseEnded"]),
    );
    const ends = phases.map(({ firstEpoch, epochs: length }) => firstEpoch + length);
    expect(only(events, "edge").map(({ epoch }) => epoch)).toEqual(ends);
    for (const [index, phase] of phases.entries()) {
      const delivered = only(events, "headsDelivered").filter((event) => event.phase === index);
      expect(delivered.map(({ shard }) => shard).sort()).toEqual(
        phase.kind === "shared" ? [] : [0, 1, 2],
      );
      for (const { epochLosses } of delivered) {
        expect(epochLosses).toHaveLength(phase.epochs);
        for (const losses of epochLosses)
          expect(Object.values(losses).every(Number.isFinite)).toBe(true);
      }
    }
  });
});

test("the last partial batch counts, and a smaller task begins a new permutation", async () => {
  const reads: Record<string, number[][]> = { large: [], small: [] };
  let recording = false;
  const recorded = (task: string, size: number): Dataset => {
    const dataset = circles(size, 7, [task]);
    return {
      ...dataset,
      batch(indices, context) {
        if (recording) reads[task]!.push(Array.from(indices));
        return dataset.batch(indices, context);
      },
    };
  };
  const { tasks } = ownInputs().build({ dropout: false });
  const data = (task: string, size: number) => ({
    train: recorded(task, size),
    validation: circles(10, 8, [task]),
  });
  const made = ownInputs({
    tasks: {
      large: { ...tasks.large!, data: data("large", 50) },
      small: { ...tasks.small!, data: data("small", 21) },
    },
    epochs: 1,
  });
  await trainCluster(made, {
    watch: (event) => {
      if (event.type === "phaseStarted") recording = true;
      if (event.type === "edge") recording = false;
    },
  });
  expect(reads.large!.map((indices) => indices.length)).toEqual([16, 16, 16, 2]);
  expect(reads.small!.map((indices) => indices.length)).toEqual([16, 5, 16, 5]);
  const everyone = (size: number) => Array.from({ length: size }, (_, i) => i);
  const sorted = (...batches: number[][]) => batches.flat().sort((a, b) => a - b);
  expect(sorted(...reads.large!)).toEqual(everyone(50));
  const [first, second, third, fourth] = reads.small!;
  expect(sorted(first!, second!)).toEqual(everyone(21));
  expect(sorted(third!, fourth!)).toEqual(everyone(21));
  expect(third).not.toEqual(first);
});
