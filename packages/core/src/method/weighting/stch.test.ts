import { expect, test } from "vitest";
import { expectClose, goldenLosses, goldenRows, weighOnce, weightingOf } from "../test-views.ts";
import { stch, stchDefinition, stchWeights } from "./stch.ts";

// Computed in float64.
const golden = [1.161290323, 0.774193548, 0.580645161];
const method = weightingOf(stchDefinition.make(stch({ warmupEpochs: 1 })));

test("weights are shares of the soft maximum over the losses", () => {
  expectClose(stchWeights(goldenLosses, [1, 1.5, 2], 1), golden, 1e-9);
});

test("the nadir is the mean loss of the epoch after the warm-up", () => {
  let state = method.init(3);
  const steps = [
    { epoch: 0, losses: [7, 7, 7] },
    { epoch: 1, losses: [0.5, 1, 3] },
    { epoch: 1, losses: [1.5, 2, 1] },
  ];
  for (const { epoch, losses } of steps) {
    const weighed = weighOnce(method, goldenRows, { state, losses, clock: { step: 0, epoch } });
    expectClose(
      weighed.weights,
      losses.map((loss) => 1 / loss),
    );
    state = weighed.state;
  }
  const clock = { step: 3, epoch: 2 };
  const weighed = weighOnce(method, goldenRows, { state, losses: goldenLosses, clock });
  expectClose(weighed.weights, golden, 1e-9);
  expect(weighed.state).toEqual(state);
});

test("a small mu leaves all weight to the task that is furthest behind", () => {
  expectClose(stchWeights(goldenLosses, [1, 1.5, 2], 1e-3), [0, 1.5, 0], 1e-9);
});

test("a loss of 0 is refused", () => {
  const step = () => weighOnce(method, goldenRows, { losses: [1, 0, 1] });
  expect(step).toThrow(expect.objectContaining({ code: "run/negative-loss" }));
});
