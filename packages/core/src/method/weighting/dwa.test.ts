import { expect, test } from "vitest";
import type { MethodState } from "../method.ts";
import { expectClose, goldenLosses, goldenRows, weighOnce, weightingOf } from "../test-views.ts";
import { dwa, dwaDefinition } from "./dwa.ts";

const method = weightingOf(dwaDefinition.make(dwa()));

/** The state after epochs of two steps each, whose losses are these in the mean. */
function after(epochs: readonly (readonly number[])[]): MethodState {
  let state = method.init(3);
  for (const [epoch, means] of epochs.entries()) {
    for (const factor of [0.5, 1.5]) {
      const losses = means.map((mean) => mean * factor);
      const clock = { step: 0, epoch };
      state = method.learn!(state, { clock, losses, lossesAfter: [], norms: [] });
    }
  }
  return state;
}

const weightsIn = (epoch: number, state: MethodState) =>
  weighOnce(method, goldenRows, { state, clock: { step: 0, epoch } }).weights;

// Computed in float64: the last epoch's means [0.5, 2, 1.5], those before [1, 2.5, 1.5], T = 2.
test("tasks whose mean loss fell least weigh most", () => {
  const state = after([[1, 2.5, 1.5], goldenLosses]);
  const golden = [0.870610035, 1.011504551, 1.117885413];
  expectClose(weightsIn(2, state), golden, 1e-9);
  const midway = method.learn!(state, {
    clock: { step: 4, epoch: 2 },
    losses: [9, 9, 9],
    lossesAfter: [],
    norms: [],
  });
  expectClose(weightsIn(2, midway), golden, 1e-9);
});

test("the first two epochs have weights of 1", () => {
  expectClose(weightsIn(0, method.init(3)), [1, 1, 1]);
  expectClose(weightsIn(0, after([[1, 2, 3]])), [1, 1, 1]);
  expectClose(weightsIn(1, after([[1, 2, 3]])), [1, 1, 1]);
});

test("an epoch's mean loss at 0 is refused, since losses are divided by it", () => {
  const state = after([
    [1, 0, 1],
    [1, 1, 1],
  ]);
  expect(() => weightsIn(2, state)).toThrow(
    expect.objectContaining({
      code: "run/negative-loss",
      details: expect.objectContaining({ task: 1 }),
    }),
  );
});
