import { expect, test } from "vitest";
import { expectClose, goldenLosses, goldenRows, weighOnce, weightingOf } from "../test-views.ts";
import { famo, famoDefinition, famoGradient } from "./famo.ts";

const method = weightingOf(famoDefinition.make(famo()));
const after = [0.45, 1.9, 1.35];
const clock = { step: 0, epoch: 0 };

// Golden values computed in float64.
test("weights are one over the losses, divided by their sum, at the start", () => {
  const { weights } = weighOnce(method, goldenRows, { losses: goldenLosses });
  expectClose(weights, [0.631578944, 0.157894738, 0.210526318], 1e-8);
});

test("the gradient of w has the falls of the losses' logarithms", () => {
  const gradient = famoGradient([0, 0, 0], goldenLosses, after);
  expectClose(gradient, [0.006007469, -0.012014938, 0.006007469], 1e-9);
});

test("the task that fell least gains weight", () => {
  const outcome = { clock, losses: goldenLosses, lossesAfter: after, norms: [] };
  const state = method.learn!(method.init(3), outcome);
  expectClose(state.values!, [-0.025, 0.025, -0.025], 1e-6);
});

test("decay draws w back while all losses fall alike", () => {
  const strong = weightingOf(famoDefinition.make(famo({ decay: 0.1 })));
  const state = { ...strong.init(2), values: [1, -1] };
  const outcome = { clock, losses: [1, 2], lossesAfter: [0.5, 1], norms: [] };
  expectClose(strong.learn!(state, outcome).values!, [0.975, -0.975], 1e-6);
});

test("losses are counted from their least values", () => {
  const floored = famoDefinition.make(famo({ minLosses: [0, 1, 0] }));
  const { weights } = weighOnce(floored, goldenRows, { losses: goldenLosses });
  const plain = weighOnce(method, goldenRows, { losses: [0.5, 1, 1.5] });
  expectClose(weights, plain.weights, 1e-12);
});

test("a loss at its least value is refused, before a step and after it", () => {
  const refused = expect.objectContaining({ code: "run/negative-loss" });
  expect(() => weighOnce(method, goldenRows, { losses: [1, 1, -0.1] })).toThrow(refused);
  const outcome = { clock, losses: goldenLosses, lossesAfter: [1, -1, 1], norms: [] };
  expect(() => method.learn!(method.init(3), outcome)).toThrow(refused);
});

test("as many least values as tasks are asked for", () => {
  const floored = weightingOf(famoDefinition.make(famo({ minLosses: [0] })));
  expect(() => floored.init(2)).toThrow("method.minLosses");
});
