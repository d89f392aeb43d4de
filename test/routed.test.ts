// Trunks with routed layers through coordinator and workers.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  ateSg,
  dropout,
  dselectK,
  type Experiment,
  type ExperimentSettings,
  gumbel,
  momentum,
  type Router,
  type RunEventOf,
  routed,
  satSg,
  sg,
  sharedBottom,
  softmaxGate,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { ownInputs, sharedInput } from "./support/experiments.ts";

const component = () => tf.layers.dense({ units: 5, activation: "tanh" });

/** 2 x 6 + 6 of the stem, and 3 components of 6 x 5 + 5. */
const [stem, each] = [18, 35];

function routedTrunk(router: () => Router) {
  return () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [2], units: 6, activation: "tanh" }),
        dropout({ rate: 0.1 }),
        routed([component(), component(), component()], { router: router() }),
      ],
    });
}

type Make = (settings: Partial<ExperimentSettings>) => Experiment;

function experimentOf(
  make: Make,
  router: () => Router,
  settings: Partial<ExperimentSettings> = {},
) {
  return make({
    trunk: routedTrunk(router),
    optimizer: { trunk: momentum({ learningRate: 0.05 }), heads: adam({ learningRate: 0.01 }) },
    routing: { budget: 0.5 },
    ...settings,
  });
}

const routers = { gumbel, "dselect-k": () => dselectK({ k: 2 }), gate: () => softmaxGate() };
const schedules = { "ate-sg": ateSg(), sg: sg(), "sat-sg": satSg() };

describe.each(Object.entries(schedules))("under %s", (_, schedule) => {
  test.each([
    ["a shared input", sharedInput],
    ["inputs of their own", ownInputs],
  ])("allocation ends with equal bits for 1, 2 and 3 workers: %s", async (__, make) => {
    await expectEqual(experimentOf(make, gumbel, { schedule }));
  });

  test("so it does where tasks move the trunk in turn", async () => {
    const routing = { mode: "sequential", budget: 0.5 } as const;
    await expectEqual(experimentOf(sharedInput, gumbel, { schedule, routing }));
  });
});

test.each(Object.entries(routers))("%s ends with equal bits too", async (_, router) => {
  await expectEqual(experimentOf(sharedInput, router));
});

test.each(["mao", "pcgrad", "gls", "db-mtl"])(
  "%s on a routed trunk ends with equal bits",
  (method) => expectEqual(experimentOf(sharedInput, gumbel), { method }),
);

async function expectEqual(experiment: Experiment, set: Record<string, string> = {}) {
  const runs = [];
  for (const workers of [1, 2, 3]) runs.push(await trainCluster(experiment, { workers, set }));
  const [one, ...others] = runs.map(({ result }) => result);
  expect(one!.status).toBe("finished");
  for (const { hashes } of others) expect(hashes).toEqual(one!.hashes);
}

const train = (settings: Partial<ExperimentSettings> = {}, router: () => Router = gumbel) =>
  trainCluster(experimentOf(sharedInput, router, settings), { workers: 2 });

describe("a shared phase", () => {
  test("sends the components that a step uses, and no others", async () => {
    const { result } = await train({ epochs: 2 });
    const all = await train({ epochs: 2 }, () => sharedBottom());
    const bytesOf = ({ phases }: typeof result) => phases[0]!.bytes.byKind.gradients;
    const whole = 5 * 3 * (4 * (stem + 3 * each) + 16);
    expect(bytesOf(all.result)).toBe(whole);
    const missing = whole - bytesOf(result);
    // Half of the components are off, and each that is off saves its 35 numbers.
    expect(missing % (4 * each)).toBe(0);
    expect(missing / (4 * each)).toBeGreaterThan(10);
  });

  test("moves component weights, a head phase heads and logits", async () => {
    const { events, last } = await train({ epochs: 4 });
    const allocations = events.filter(
      (event): event is RunEventOf<"allocation"> => event.type === "allocation",
    );
    expect(allocations.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    const [shared, head, sharedAgain] = allocations.map(({ tasks }) => tasks);
    expect(head).not.toEqual(shared);
    expect(sharedAgain).toEqual(head);
    expect(shared!.disc!.probabilities).toEqual([[0.5, 0.5, 0.5]]);
    const edges = events.filter((event): event is RunEventOf<"edge"> => event.type === "edge");
    const trunks = edges.map(({ hashes }) => hashes.trunk);
    expect(trunks[1]).toBe(trunks[0]);
    expect(trunks[2]).not.toBe(trunks[1]);
    expect(edges[2]!.hashes.heads).toEqual(edges[1]!.hashes.heads);
    // 5 x 4 + 4 and 4 + 1 of the head, and 3 logits.
    expect(last!.heads.disc!.weights).toHaveLength(24 + 5 + 3);
  });
});

test("tasks in turn move the trunk once each per step, and each head once", async () => {
  const routing = { mode: "sequential" } as const;
  const { result, events } = await train({ epochs: 2, schedule: sg(), routing });
  expect(result.updates).toEqual({ trunk: 30, heads: { disc: 10, diamond: 10, signs: 10 } });
  const steps = events.filter((event): event is RunEventOf<"step"> => event.type === "step");
  const turns = steps.slice(0, 6).map(({ step, losses }) => [step, ...Object.keys(losses)]);
  expect(turns.map(([step]) => step)).toEqual([0, 0, 0, 1, 1, 1]);
  for (const from of [0, 3]) {
    const names = turns.slice(from, from + 3).map(([, name]) => name);
    expect(names.sort()).toEqual(["diamond", "disc", "signs"]);
  }
});

test("the run says that the cache is off, and what has no effect", async () => {
  const warnings = ({ events }: Awaited<ReturnType<typeof train>>) =>
    events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  expect(warnings(await train({ epochs: 2 }))[0]).toMatch(/cache is off/);
  const plain = await trainCluster(sharedInput({ epochs: 2, routing: { budget: 0.5 } }), {
    workers: 1,
  });
  expect(warnings(plain)).toEqual([expect.stringMatching(/no routed layers/)]);
});

test("a layer where a task has no likely component is told once, with a way out", async () => {
  const routing = { budget: 0, budgetWeight: 100, optimizer: adam({ learningRate: 0.5 }) };
  const { events } = await train({ epochs: 4, routing });
  const told = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  const unlikely = told.filter((message) => message.includes("no component"));
  expect(unlikely).toHaveLength(3);
  expect(unlikely[0]).toMatch(/likeliest.*disconnectWeight/);
});
