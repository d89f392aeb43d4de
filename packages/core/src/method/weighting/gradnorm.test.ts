import { expect, test } from "vitest";
import type { MethodState, Outcome } from "../method.ts";
import { expectClose, goldenLosses, goldenRows, weighOnce, weightingOf } from "../test-views.ts";
import { gradnorm, gradnormDefinition, gradnormTargets } from "./gradnorm.ts";

const method = weightingOf(gradnormDefinition.make(gradnorm()));
const norms = [6, 14, 37].map(Math.sqrt);
const initial = [1, 2, 3];

function learn(state: MethodState, epoch: number, outcome: Partial<Outcome>): MethodState {
  const clock = { step: 0, epoch };
  return method.learn!(state, { clock, losses: goldenLosses, lossesAfter: [], norms, ...outcome });
}

const weightsOf = (state: MethodState) => weighOnce(method, goldenRows, { state }).weights;

// Computed in float64.
test("targets are the mean norm times the inverse training rates", () => {
  const figures = { w: [1, 1, 1], norms, losses: goldenLosses, initial, alpha: 1.5 };
  const { targets, loss } = gradnormTargets(figures);
  expectClose(targets, [2.657379392, 7.516203954, 2.657379392], 1e-9);
  expectClose([loss], [7.407819355], 1e-9);
});

test("weights move from epoch 1 on: up where the norm is below its target", () => {
  let state = learn(method.init(3), 0, { losses: [0.5, 1, 4] });
  state = learn(state, 0, { losses: [1.5, 3, 2] });
  expectClose(weightsOf(state), [1, 1, 1]);
  const weights = weightsOf(learn(state, 1, {}));
  expect(weights[0]).toBeGreaterThan(1);
  expect(weights[1]).toBeGreaterThan(1);
  expect(weights[2]).toBeLessThan(1);
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(3, 12);
});

test("the step of the weights descends the distance from the targets", () => {
  let state = learn(method.init(3), 0, { losses: initial });
  const distance = () =>
    gradnormTargets({ w: weightsOf(state), norms, losses: goldenLosses, initial, alpha: 1.5 }).loss;
  const before = distance();
  for (let t = 0; t < 60; t++) state = learn(state, 1, {});
  expect(distance()).toBeLessThan(before / 2);
});

test("losses that are all 0 and norms that are all 0 leave the weights finite", () => {
  const state = learn(method.init(3), 0, { losses: initial });
  const next = learn(state, 1, { losses: [0, 0, 0], norms: [0, 0, 0] });
  expectClose(weightsOf(next), [1, 1, 1]);
});

test.each([
  ["a negative loss", 0, [1, -1, 1]],
  ["an epoch 0 whose losses are all 0", 1, [0, 0, 0]],
])("%s is refused", (_, epoch, losses) => {
  const state = learn(method.init(3), 0, { losses: [0, 0, 0] });
  expect(() => learn(state, epoch, { losses })).toThrow(
    expect.objectContaining({ code: "run/negative-loss" }),
  );
});
