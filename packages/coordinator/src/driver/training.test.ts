import type { PreparedExperiment, RunEventBody } from "@trunkline/core";
import { afterEach, describe, expect, test } from "vitest";
import { figuresOf, preparedWith } from "../../test/prepared.ts";
import { initialStates } from "./initial-states.ts";
import { planOf } from "./plan-of.ts";
import { Store } from "./store.ts";
import { Training } from "./training.ts";

let prepared: PreparedExperiment;
afterEach(() => prepared.network.dispose());

async function trainingOf(method: "gradnorm" | "mao") {
  prepared = await preparedWith({ method });
  const initial = initialStates(prepared);
  const options = { run: "run", experimentHash: "", workers: 1, allowMixed: false };
  const plan = planOf(prepared, initial.heads, options);
  const store = new Store(initial);
  const events: RunEventBody[] = [];
  const emit = (event: RunEventBody) => void events.push(event);
  return { training: new Training({ prepared, plan, store, emit }), store, events };
}

test("a report is of the phase that its step was made in", async () => {
  const { training, store, events } = await trainingOf("gradnorm");
  const [kept] = store.keep([{ name: "gradient", kind: "gradients", values: new Float32Array(3) }]);
  const place = { phase: 4, epoch: 7, step: 0, trunkVersion: 1 };
  training.commit({
    type: "commit",
    ...place,
    gradients: [{ handle: kept!.handle, present: null }],
    statistics: [],
    figures: figuresOf({ norms: { left: 1, right: 4 } }),
    learningRateScale: 1,
  });
  expect(events).toMatchObject([{ type: "balance", phase: 4, epoch: 7, step: 0 }]);
});

describe("state that is not finite is not stored", () => {
  test.each([
    ["array `e`", [0, Number.NaN, 0], 1],
    ["array `e`", [0, Number.NEGATIVE_INFINITY, 0], 1],
    ["number `count`", [0, 0, 0], Number.POSITIVE_INFINITY],
  ])("what the method keeps: %s", async (what, values, count) => {
    const { training, store } = await trainingOf("mao");
    const tensors = store.keep([
      { name: "left/method/e", kind: "optimizer", values: Float32Array.from(values) },
    ]);
    const scalars = { count };
    expect(() =>
      training.storeMethod({ type: "storeMethod", task: "left", tensors, scalars }),
    ).toThrow(
      expect.objectContaining({
        code: "run/not-finite",
        message: `The method's ${what} of task \`left\` became NaN or infinite.`,
      }),
    );
    expect(store.method("left").arrays).toEqual({});
  });

  test("a head's optimizer", async () => {
    const { training, store } = await trainingOf("mao");
    const scalars = { power: Number.NaN };
    expect(() =>
      training.storeHead({ type: "storeHead", task: "left", tensors: [], scalars }),
    ).toThrow(/optimizer's number `power` of the head of task `left`/);
    expect(store.head("left").weights.length).toBeGreaterThan(0);
  });
});
