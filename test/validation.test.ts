// What follows from the validation loss: early stopping, the best weights, plateau schedules. And which
// split is measured when.

import {
  ateSg,
  type ExperimentSettings,
  momentum,
  plateau,
  type RunEvent,
  type RunEventOf,
  type ScheduleSpec,
  sg,
  sgd,
  stepDecay,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { type ClusterRun, trainCluster } from "./support/cluster.ts";
import { circles, flipped, ownInputs, sharedInput } from "./support/experiments.ts";
import { recording, scoresByHand } from "./support/states.ts";

const names = ["disc", "diamond", "signs"];

/** Validation labels are turned round, so that what training gains, validation loses. */
const worsening: Partial<ExperimentSettings> = {
  data: {
    train: circles(70, 1, names),
    validation: names.reduce(flipped, circles(40, 2, names)),
    test: circles(30, 3, names),
  },
  optimizer: {
    trunk: momentum({ learningRate: 0.05, momentum: 0.9 }),
    heads: momentum({ learningRate: 0.05, momentum: 0.9 }),
  },
};

function only<T extends RunEvent["type"]>({ events }: ClusterRun, type: T): RunEventOf<T>[] {
  return events.filter((event): event is RunEventOf<T> => event.type === type);
}

const hashesAt = (run: ClusterRun, epoch: number) =>
  only(run, "edge").find((edge) => edge.epoch === epoch)!.hashes;

describe("early stopping", () => {
  const cases: [string, ScheduleSpec, number, number[]][] = [
    ["at the edge where patience is used up", ateSg(), 4, [2, 4, 6]],
    ["at the next edge where patience ends inside a cycle", ateSg(), 3, [2, 4, 6]],
    ["counting epochs, not evaluations", ateSg({ sharedEpochs: 2, headEpochs: 2 }), 4, [4, 8]],
    ["in a joint schedule after any epoch", sg(), 3, [1, 2, 3, 4]],
  ];

  test.each(cases)("stops %s", async (_, schedule, patience, edges) => {
    const earlyStopping = { patience };
    const run = await trainCluster(
      sharedInput({ ...worsening, schedule, epochs: 20, earlyStopping }),
    );
    const evaluated = only(run, "evaluated").filter(({ split }) => split === "validation");
    expect(evaluated.map(({ epoch }) => epoch)).toEqual(edges);
    expect(evaluated.map(({ best }) => best)).toEqual(edges.map((_, i) => i === 0));
    const [first, last] = [edges[0]!, edges.at(-1)!];
    expect(only(run, "earlyStopped")).toMatchObject([{ epoch: last, bestEpoch: first }]);
    expect(run.result).toMatchObject({ status: "finished", epochs: last });
    expect(run.result.hashes).toEqual(hashesAt(run, first));
  });

  test("keeps the last weights where the best are not wanted", async () => {
    const earlyStopping = { patience: 4, restoreBest: false };
    const run = await trainCluster(sharedInput({ ...worsening, epochs: 20, earlyStopping }));
    expect(run.result.hashes).toEqual(hashesAt(run, 6));
    expect(run.result.hashes).not.toEqual(hashesAt(run, 2));
  });

  test("does not stop while the loss falls", async () => {
    const optimizer = { trunk: sgd({ learningRate: 0.1 }), heads: sgd({ learningRate: 0.1 }) };
    const made = sharedInput({ optimizer, epochs: 8, earlyStopping: { patience: 1 } });
    const run = await trainCluster(made);
    const losses = only(run, "evaluated").map(({ loss }) => loss);
    expect(losses.slice(0, 4)).toEqual([...losses.slice(0, 4)].sort((a, b) => b - a));
    expect(run.result.epochs).toBe(8);
    expect(only(run, "earlyStopped")).toEqual([]);
  });

  test("counts an improvement only from minDelta on", async () => {
    const optimizer = { trunk: sgd({ learningRate: 0.1 }), heads: sgd({ learningRate: 0.1 }) };
    const earlyStopping = { patience: 4, minDelta: 10 };
    const run = await trainCluster(sharedInput({ optimizer, epochs: 20, earlyStopping }));
    expect(run.result.epochs).toBe(6);
  });
});

describe("the best weights", () => {
  const cut: ScheduleSpec = ateSg({ first: "head" });

  test.each([
    ["where only heads moved since", cut, 3, 2],
    ["where only the trunk moved since", ateSg(), 3, 2],
    ["where both moved since", ateSg(), 4, 2],
  ])("come back at the end of a run, %s", async (_, schedule, epochs, bestEpoch) => {
    const earlyStopping = { patience: 100 };
    const made = sharedInput({ ...worsening, schedule, epochs, earlyStopping });
    const { archive, best } = recording();
    const run = await trainCluster(made, { archive, workers: 2 });
    expect(run.result.hashes).toEqual(hashesAt(run, bestEpoch));
    expect(run.result.hashes).not.toEqual(hashesAt(run, epochs));
    expect(best.map(({ epoch }) => epoch)).toEqual([bestEpoch]);
    const byHand = await scoresByHand(made, best[0]!, "test");
    for (const task of names) {
      const { loss, metrics } = run.result.tasks[task]!;
      expect(loss).toBeCloseTo(byHand[task]!.loss, 5);
      expect(metrics.accuracy).toBe(byHand[task]!.accuracy);
    }
  });

  test("are told and kept at each improvement", async () => {
    const optimizer = { trunk: sgd({ learningRate: 0.1 }), heads: sgd({ learningRate: 0.1 }) };
    const { archive, best } = recording();
    const run = await trainCluster(sharedInput({ optimizer, epochs: 6 }), { archive });
    const told = only(run, "evaluated").filter((event) => event.best);
    expect(told.map(({ epoch }) => epoch)).toEqual([2, 4, 6]);
    expect(best.map(({ epoch }) => epoch)).toEqual([2, 4, 6]);
  });
});

describe("a plateau schedule", () => {
  const factor = 0.5;
  const waiting = plateau({ initial: 0.05, factor, patience: 4, cooldown: 100 });
  const decayed = stepDecay({ initial: 0.05, factor, every: 6 });
  const steady = 0.05;

  async function train(trunkRate: ExperimentRate, headRate: ExperimentRate) {
    const optimizer = {
      trunk: momentum({ learningRate: trunkRate }),
      heads: momentum({ learningRate: headRate }),
    };
    return trainCluster(sharedInput({ ...worsening, optimizer, epochs: 10 }), { workers: 2 });
  }
  type ExperimentRate = Parameters<typeof momentum>[0]["learningRate"];

  test("lowers the rate once patience is used up, through both kinds of phases", async () => {
    const run = await train(waiting, waiting);
    expect(only(run, "learningRateReduced")).toMatchObject([
      { block: "trunk", epoch: 6, scale: factor },
      { block: "heads", epoch: 6, scale: factor },
    ]);
    const scheduled = await train(decayed, decayed);
    expect(run.result.hashes).toEqual(scheduled.result.hashes);
    const unchanged = await train(steady, steady);
    expect(hashesAt(run, 6)).toEqual(hashesAt(unchanged, 6));
    expect(hashesAt(run, 7).trunk).not.toBe(hashesAt(unchanged, 7).trunk);
  });

  test("of one block leaves the other's rate alone", async () => {
    const run = await train(steady, waiting);
    expect(only(run, "learningRateReduced").map(({ block }) => block)).toEqual(["heads"]);
    expect(run.result.hashes).toEqual((await train(steady, decayed)).result.hashes);
  });

  test("never goes below its minimum", async () => {
    const low = plateau({ initial: 0.05, factor: 0.1, patience: 4, cooldown: 100, minimum: 0.025 });
    const run = await train(low, low);
    expect(run.result.hashes).toEqual((await train(decayed, decayed)).result.hashes);
  });

  test("reaches the heads of a joint schedule too", async () => {
    const short = plateau({ initial: 0.05, factor, patience: 2, cooldown: 100 });
    const scheduled = stepDecay({ initial: 0.05, factor, every: 3 });
    const ends = [];
    for (const learningRate of [short, scheduled]) {
      const optimizer = { trunk: momentum({ learningRate }), heads: momentum({ learningRate }) };
      const made = sharedInput({ ...worsening, schedule: sg(), optimizer, epochs: 5 });
      ends.push((await trainCluster(made)).result.hashes);
    }
    expect(ends[0]).toEqual(ends[1]);
  });
});

describe("evaluation", () => {
  const epochsOf = (run: ClusterRun, split: string) =>
    only(run, "evaluated")
      .filter((event) => event.split === split)
      .map(({ epoch }) => epoch);

  test("reads validation after each cycle and at the end, and test for the result", async () => {
    const { archive, last } = recording();
    const made = sharedInput({ epochs: 5 });
    const run = await trainCluster(made, { archive, workers: 2 });
    expect(epochsOf(run, "validation")).toEqual([2, 4, 5]);
    expect(epochsOf(run, "test")).toEqual([5]);
    expect(run.result.split).toBe("test");
    const [validated] = only(run, "evaluated");
    const byHand = await scoresByHand(made, last.find(({ epoch }) => epoch === 2)!, "validation");
    for (const task of names) {
      expect(validated!.tasks[task]!.loss).toBeCloseTo(byHand[task]!.loss, 5);
      expect(validated!.tasks[task]!.metrics.accuracy).toBe(byHand[task]!.accuracy);
    }
    // diamond counts half.
    const total = byHand.disc!.loss + 0.5 * byHand.diamond!.loss + byHand.signs!.loss;
    expect(validated!.loss).toBeCloseTo(total, 5);
    const final = await scoresByHand(made, run.last!, "test");
    for (const task of names) {
      expect(run.result.tasks[task]!.loss).toBeCloseTo(final[task]!.loss, 5);
      expect(run.result.tasks[task]!.metrics.accuracy).toBe(final[task]!.accuracy);
    }
  });

  test.each([
    ["cycles of ateSg", ateSg(), 10, 2, [4, 8, 10]],
    ["cycles of ateSg 1/2", ateSg({ headEpochs: 2 }), 7, 2, [6, 7]],
    ["epochs of sg", sg(), 7, 3, [3, 6, 7]],
  ])("waits evaluateEvery: %s", async (_, schedule, epochs, evaluateEvery, expected) => {
    const run = await trainCluster(sharedInput({ schedule, epochs, evaluateEvery }));
    expect(epochsOf(run, "validation")).toEqual(expected);
    expect(epochsOf(run, "test")).toEqual([epochs]);
  });

  test("measures the result on validation where a source has no test split", async () => {
    const { tasks } = ownInputs().build({ dropout: false });
    const [train, validation] = [circles(20, 1, ["small"]), circles(10, 2, ["small"])];
    const small = { ...tasks.small!, data: { train, validation } };
    const run = await trainCluster(ownInputs({ tasks: { ...tasks, small }, epochs: 2 }));
    expect(run.result.split).toBe("validation");
    expect(epochsOf(run, "test")).toEqual([]);
    expect(run.result.tasks).toEqual(only(run, "evaluated")[0]!.tasks);
  });
});
