import { expect, test } from "vitest";
import { adam } from "../../optimizer/adam.ts";
import { flatOptimizer } from "../../optimizer/flat-optimizer.ts";
import type { OptimizerState } from "../../optimizer/state.ts";
import { drawsFor } from "../../random/draws.ts";
import type { Aggregator } from "../method.ts";
import { noiseRow } from "../test-transforms.ts";
import { expectClose, goldenRows } from "../test-views.ts";
import { type MtadamOptions, mtadam, mtadamDefinition } from "./mtadam.ts";

function methodOf(options: MtadamOptions = {}): Aggregator {
  const method = mtadamDefinition.make(mtadam(options));
  if (method.form !== "aggregator") throw new TypeError("not an aggregator");
  return method;
}

/** Directions of one step after the other; gradients `[T][M][P]`. */
function directions(
  method: Aggregator,
  gradients: readonly (readonly (readonly number[])[])[],
  layers: readonly number[],
  through: (state: OptimizerState) => OptimizerState = (state) => state,
): number[][] {
  const [first] = gradients;
  const length = first![0]!.length;
  const layerCount = layers.length - 1;
  let state = method.init({ taskCount: first!.length, length, layerCount });
  return gradients.map((tasks, step) => {
    const direction = new Float32Array(length);
    const random = drawsFor({ seed: 1, purpose: "test", step });
    const rows = tasks.map((row) => Float32Array.from(row));
    method.aggregate(state, rows, { clock: { step, epoch: 0 }, random, layers }, direction);
    state = through(state);
    return [...direction];
  });
}

const times = (factors: readonly number[]) =>
  factors.map((f) => goldenRows.map((row) => row.map((g) => f * g)));

// By the published formulas, written out once more in Python in double precision. The second layer is the
// last parameter, where the first task has no gradient: the second one is the anchor there.
test("three steps have the directions of the formula", () => {
  const found = directions(methodOf(), times([1, -0.5, 1]), [0, 3, 4]);
  const golden = [
    [0.201791456, 0.731225973, -0.183503417, 1.999999993],
    [0.053744539, 0.194752561, -0.048873757, 0.532674077],
    [0.11693425, 0.423731324, -0.106336685, 1.158961357],
  ];
  for (const [t, direction] of golden.entries()) expectClose(found[t]!, direction);
});

test("with one task the direction is Adam's step", () => {
  const gradients = Array.from({ length: 10 }, (_, t) => noiseRow(6, t));
  const optimizer = flatOptimizer(adam());
  const state = optimizer.init(6);
  const found = directions(
    methodOf(),
    gradients.map((gradient) => [gradient]),
    [0, 2, 6],
  );
  for (const [t, gradient] of gradients.entries()) {
    const parameters = new Float32Array(6);
    optimizer.update(state, parameters, Float32Array.from(gradient), 1);
    expectClose(
      found[t]!,
      parameters.map((value) => -value),
    );
  }
});

test("a task's scale does not matter, its rank does", () => {
  const layers = [0, 4];
  const scaled = times([1, 2]).map(([a, b, c]) => [a!, b!.map((g) => 1e4 * g), c!]);
  const plain = directions(methodOf(), times([1, 2]), layers);
  expectClose(directions(methodOf(), scaled, layers)[1]!, plain[1]!, 1e-5);
  const ranked = directions(methodOf({ ranks: [1, 0, 1] }), times([1, 2]), layers);
  const without = directions(
    methodOf(),
    times([1, 2]).map(([a, , c]) => [a!, c!]),
    layers,
  );
  expectClose(ranked[1]!, without[1]!, 1e-6);
});

test("gradients that are all zero give a zero direction, even without epsilon", () => {
  const zeros = [
    [0, 0],
    [0, 0],
  ];
  const found = directions(methodOf({ epsilon: 0 }), [zeros, zeros], [0, 2]);
  expect(found).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test.each([0, 1])("a zero gradient of task %d has no part in the step, however long", (dead) => {
  const method = methodOf();
  const state = method.init({ taskCount: 2, length: 1, layerCount: 1 });
  const direction = new Float32Array(1);
  const random = drawsFor({ seed: 1, purpose: "test" });
  // Where its norm ends after 7000 steps.
  state.scalars[`norm.${dead}.0`] = Number.MIN_VALUE;
  for (let step = 0; step < 3; step++) {
    const rows = [2, 2].map((g, k) => Float32Array.of(k === dead ? 0 : g));
    method.aggregate(state, rows, { clock: { step, epoch: 0 }, random, layers: [0, 1] }, direction);
    expectClose(direction, [1]);
  }
});

test("its state goes on from text and numbers with the same bits", () => {
  const copy = ({ arrays, scalars }: OptimizerState): OptimizerState => ({
    arrays: Object.fromEntries(Object.entries(arrays).map(([k, a]) => [k, Float32Array.from(a)])),
    scalars: JSON.parse(JSON.stringify(scalars)),
  });
  const gradients = times([1, -0.3, 0.7]);
  const whole = directions(methodOf(), gradients, [0, 1, 4]);
  expect(directions(methodOf(), gradients, [0, 1, 4], copy)).toEqual(whole);
});

test("as many ranks as tasks are asked for", () => {
  const init = () => methodOf({ ranks: [1] }).init({ taskCount: 2, length: 1, layerCount: 1 });
  expect(init).toThrow("Parameter `method.ranks` should be a list of 2 numbers, one per task.");
});
