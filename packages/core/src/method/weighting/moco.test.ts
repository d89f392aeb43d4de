import { expect, test } from "vitest";
import type { MethodState } from "../method.ts";
import { runTransform } from "../test-transforms.ts";
import {
  directionOf,
  expectClose,
  goldenLosses,
  goldenRows,
  weighOnce,
  weightingOf,
} from "../test-views.ts";
import { moco, mocoDefinition } from "./moco.ts";

const method = weightingOf(mocoDefinition.make(moco()));

// Computed in float64: two steps on the same gradients and losses.
const golden = [
  {
    weights: [0.336740678, 0.328794268, 0.334465053],
    direction: [0.023577671, -0.008346281, 0.04811012, 0.30486118],
  },
  {
    weights: [0.338835803, 0.326124648, 0.335039549],
    direction: [0.034518068, -0.012067525, 0.065021943, 0.409844538],
  },
];

test("two steps have the golden weights and directions", () => {
  const tasks = goldenRows.map((row, k) => {
    const losses = [goldenLosses[k]!, goldenLosses[k]!];
    return runTransform(method.transform!, { rows: [row, row], losses }).rows;
  });
  let state: MethodState = method.init(3);
  for (const [step, { weights, direction }] of golden.entries()) {
    const rows = tasks.map((task) => task[step]!);
    const weighed = weighOnce(method, rows, { state, clock: { step, epoch: 0 } });
    expectClose(weighed.weights, weights);
    expectClose(directionOf(rows, weighed.weights), direction);
    state = weighed.state;
  }
});

test("rho draws the weights together", () => {
  const state = { lambda: [0.9, 0.1] };
  const gap = (rho: number) => {
    const { weights } = weighOnce(mocoDefinition.make(moco({ rho })), [[0], [0]], { state });
    return weights[0]! - weights[1]!;
  };
  expect(gap(5)).toBeLessThan(gap(0));
});

test("a zero gradient gives a zero row, a negative loss is refused", () => {
  const { rows } = runTransform(method.transform!, { rows: [[0, 0]] });
  expect([...rows[0]!]).toEqual([0, 0]);
  expect(() => runTransform(method.transform!, { rows: [[1]], losses: [-1] })).toThrow(
    expect.objectContaining({ code: "run/negative-loss" }),
  );
});
