import { test } from "vitest";
import { expectClose, goldenLosses, weightingOf } from "../test-views.ts";
import { uw, uwDefinition, uwGradient } from "./uw.ts";

const clock = { step: 0, epoch: 0 };

// Computed in float64.
test("the gradient of s at 0 is (1 - L) / 2", () => {
  expectClose(uwGradient([0, 0, 0], goldenLosses), [0.25, -0.5, -0.25], 1e-12);
});

test("weights start at one half and go to one over twice the loss", () => {
  const method = weightingOf(uwDefinition.make(uw()));
  let state = method.init(3);
  const weights = () => state.values!.map((s) => Math.exp(-s) / 2);
  expectClose(weights(), [0.5, 0.5, 0.5]);
  for (let t = 0; t < 2000; t++) {
    state = method.learn!(state, { clock, losses: goldenLosses, lossesAfter: [], norms: [] });
  }
  expectClose(weights(), [1, 0.25, 1 / 3], 1e-3);
});

test("the first step of s is the learning rate, towards the loss's logarithm", () => {
  const method = weightingOf(uwDefinition.make(uw({ learningRate: 0.1, initial: -0.5 })));
  const outcome = { clock, losses: [0.1, 10], lossesAfter: [], norms: [] };
  expectClose(method.learn!(method.init(2), outcome).values!, [-0.6, -0.4], 1e-6);
});
