// A number that is not finite ends the run with the last good state, and is never saved.

import * as tf from "@tensorflow/tfjs";
import { hashesOf } from "@trunkline/coordinator";
import { adam, ateSg, type ExperimentSettings, momentum, satSg, sg, sgd } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { circles, sharedInput } from "./support/experiments.ts";
import { allFinite, bitsOf, headBits, initialState, recording } from "./support/states.ts";

const calm = sgd({ learningRate: 0.05 });
/** Over all floats: the first step ends in infinity. */
const exploding = sgd({ learningRate: 1e300 });

/** Trains to the failure; checks that what remains is the last edge, finite and whole. */
async function failing(settings: Partial<ExperimentSettings>, workers = 2) {
  const made = sharedInput(settings);
  const kept = recording();
  const run = await trainCluster(made, { archive: kept.archive, workers });
  const { result, events, last } = run;
  expect(result.status).toBe("failed");
  const failure = events.find((event) => event.type === "runFailed");
  expect(failure).toMatchObject({
    code: "run/not-finite",
    remedy: expect.stringContaining("Lower"),
  });
  expect(events.at(-1)).toMatchObject({ type: "runEnded", status: "failed" });
  expect([...kept.last, ...kept.best, last!].every(allFinite)).toBe(true);
  const edges = events.filter((event) => event.type === "edge");
  expect(kept.last).toHaveLength(edges.length);
  const start = await initialState(made);
  expect(result.hashes).toEqual(edges.at(-1)?.hashes ?? hashesOf(start));
  expect(hashesOf(last!)).toEqual(result.hashes);
  const edge = kept.last.at(-1) ?? start;
  expect(bitsOf(last!.trunk)).toEqual(bitsOf(edge.trunk));
  expect(headBits(last!)).toEqual(headBits(edge));
  expect(result.epochs).toBe(edges.at(-1)?.epoch ?? 0);
  return {
    message: failure!.type === "runFailed" ? failure!.message : "",
    edges: edges.length,
    result,
  };
}

describe("an exploding learning rate", () => {
  test("of the trunk is found as the round commits", async () => {
    const optimizer = { trunk: exploding, heads: calm };
    const schedule = ateSg({ first: "head" });
    const { message, edges, result } = await failing({ optimizer, schedule });
    expect(message).toMatch(/trunk's weights became NaN or infinite in epoch 1/);
    expect(edges).toBe(1);
    expect(result.updates).toMatchObject({ trunk: 0, heads: { disc: 5 } });
  });

  test("of the heads is found in the loss, or as the heads arrive", async () => {
    const optimizer = { trunk: calm, heads: exploding };
    const { message, edges, result } = await failing({ optimizer });
    expect(message).toMatch(/task `(disc|diamond|signs)`/);
    expect(edges).toBe(1);
    expect(result.updates).toMatchObject({ trunk: 5, heads: { disc: 0 } });
  });

  test.each([1, 2, 3])("of the heads is found in their only step, %d workers", async (workers) => {
    const optimizer = { trunk: calm, heads: exploding };
    const { message } = await failing({ optimizer, batchSize: 70 }, workers);
    expect(message).toMatch(/The weights of the head of task `.*` became NaN or infinite/);
  });

  test.each(["disc", "diamond", "signs"])("of head %s alone spoils no edge", async (task) => {
    const { tasks } = sharedInput().build({ dropout: false, size: 70 });
    const heavy = { ...tasks, [task]: { ...tasks[task]!, weight: 1e300 } };
    const optimizer = { trunk: calm, heads: calm };
    const schedule = ateSg({ first: "head" });
    const { message } = await failing({ optimizer, schedule, tasks: heavy, batchSize: 70 });
    expect(message).toContain(`\`${task}\``);
  });

  test.each([
    ["sg", sg()],
    ["satSg", satSg()],
  ])("is found in a joint phase of %s", async (_, schedule) => {
    for (const optimizer of [
      { trunk: exploding, heads: calm },
      { trunk: calm, heads: exploding },
    ]) {
      const { edges } = await failing({ optimizer, schedule, batchSize: 70 });
      expect(edges).toBe(0);
    }
  });

  test("that grows slowly into NaN is found, with Adam and with momentum", async () => {
    for (const spec of [adam({ learningRate: 1e30 }), momentum({ learningRate: 1e30 })]) {
      await failing({ optimizer: { trunk: spec, heads: spec }, epochs: 20 });
    }
  });
});

/** The plain loss of one task, broken from some call on. */
function brokenLoss(broken: (loss: tf.Tensor) => tf.Tensor, from: number) {
  let calls = 0;
  const { tasks } = sharedInput().build({ dropout: false, size: 70 });
  const loss = (labels: tf.Tensor, outputs: tf.Tensor) => {
    const terms = tf.losses.sigmoidCrossEntropy(labels, outputs, undefined, undefined, 0);
    calls++;
    return calls > from ? broken(terms) : terms;
  };
  return { ...tasks, diamond: { ...tasks.diamond!, loss } };
}

describe("a loss that is", () => {
  test.each([
    ["NaN", (loss: tf.Tensor) => loss.mul(Number.NaN)],
    ["infinite", (loss: tf.Tensor) => loss.mul(Number.POSITIVE_INFINITY)],
  ])("%s names its task", async (_, broken) => {
    for (const from of [0, 4, 12]) {
      const optimizer = { trunk: calm, heads: calm };
      const { message } = await failing({ optimizer, tasks: brokenLoss(broken, from) }, 1);
      expect(message).toContain("`diamond`");
    }
  });
});

test("a second moment that overflows is never saved as infinity", async () => {
  const { tasks } = sharedInput().build({ dropout: false, size: 70 });
  const huge = { ...tasks.disc!, weight: 1e25 };
  const spec = adam({ learningRate: 0.01 });
  for (const optimizer of [
    { trunk: spec, heads: calm },
    { trunk: calm, heads: spec },
  ]) {
    const data = { train: circles(70, 1, ["disc"]), validation: circles(20, 2, ["disc"]) };
    const made = { optimizer, tasks: { disc: huge }, data, batchSize: 70 };
    await failing({ ...made, clip: { heads: { value: 1e30 } } }, 1);
  }
});

test("a metric that is not finite names itself", async () => {
  const { tasks } = sharedInput().build({ dropout: false, size: 70 });
  const hopeless = () => Number.NaN;
  const disc = { ...tasks.disc!, metrics: [hopeless] };
  const { result, events } = await trainCluster(sharedInput({ tasks: { ...tasks, disc } }));
  expect(result.status).toBe("failed");
  expect(events.find((event) => event.type === "runFailed")).toMatchObject({
    code: "run/not-finite",
    message: expect.stringMatching(/`hopeless`.*`disc`/),
  });
});
