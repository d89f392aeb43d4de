import { expect, test } from "vitest";
import type { MethodState } from "../method.ts";
import { runTransform } from "../test-transforms.ts";
import { expectClose, weighOnce, weightingOf } from "../test-views.ts";
import { excessMtl, excessMtlDefinition } from "./excess-mtl.ts";

const method = weightingOf(excessMtlDefinition.make(excessMtl()));
const step = (norms: number[], state?: MethodState) =>
  weighOnce(
    method,
    norms.map(() => [1]),
    { norms, ...(state === undefined ? {} : { state }) },
  );

test("the transform reports the excess and leaves the row", () => {
  const { rows, reported } = runTransform(method.transform!, {
    rows: [
      [3, -4],
      [3, 0],
    ],
  });
  expect(rows.map((row) => [...row])).toEqual([
    [3, -4],
    [3, 0],
  ]);
  expectClose(reported.map(Number), [7, 9 / Math.sqrt(18)], 1e-6);
});

test("weights are 1 at first, then grow with the excess against the first one", () => {
  const first = step([2, 8]);
  expectClose(first.weights, [1, 1]);
  const { weights } = step([4, 2], first.state);
  const grown = [Math.exp(0.02), Math.exp(0.0025)];
  const sum = grown[0]! + grown[1]!;
  expectClose(
    weights,
    grown.map((w) => (2 * w) / sum),
    1e-12,
  );
});

test("a task without a gradient at first is measured from its first one", () => {
  const first = step([0, 1]);
  const second = step([5, 1], first.state);
  const apart = second.weights[1]! / second.weights[0]!;
  expect(apart).toBeCloseTo(Math.exp(0.01), 12);
  expect(second.state.first).toEqual([5, 1]);
});

test("an excess that grows beyond all bounds leaves weights finite and the state plain data", () => {
  let state = step([1e-20, 1]).state;
  for (let t = 0; t < 3; t++) {
    const weighed = step([1e10, 1], state);
    expectClose(weighed.weights, [2, 0]);
    state = JSON.parse(JSON.stringify(weighed.state));
    expect(state).toEqual(weighed.state);
  }
});
