import { describe, expect, test } from "vitest";
import { adam } from "../../optimizer/adam.ts";
import { flatOptimizer } from "../../optimizer/flat-optimizer.ts";
import { sgd } from "../../optimizer/sgd.ts";
import type { StepMethod } from "../method.ts";
import { noiseRow, runTransform } from "../test-transforms.ts";
import { expectClose, goldenRows } from "../test-views.ts";
import { transformState } from "../transform.ts";
import { type MaoOptions, mao, maoDefinition } from "./mao.ts";

const length = 40;

function methodOf(options: MaoOptions = {}): StepMethod {
  const method = maoDefinition.make(mao(options));
  if (method.form !== "steps") throw new TypeError("not a method of steps");
  return method;
}

/** The trunk after each step: tasks' steps reduced, then plain SGD. Gradients `[T][M][P]`. */
function course(
  method: StepMethod,
  gradients: readonly (readonly (readonly number[])[])[],
  rate = 0.01,
) {
  const states = gradients[0]!.map((row) => transformState(method.transform, row.length));
  const parameters = new Float32Array(gradients[0]![0]!.length);
  const optimizer = flatOptimizer(sgd({ learningRate: rate }));
  const state = optimizer.init(parameters.length);
  return gradients.map((tasks, step) => {
    const sum = new Float32Array(parameters.length);
    for (const [k, gradient] of tasks.entries()) {
      const row = Float32Array.from(gradient);
      method.transform.apply(states[k]!, row, { clock: { step, epoch: 0 }, loss: 1 });
      for (let i = 0; i < sum.length; i++) sum[i]! += row[i]!;
    }
    const divisor = method.reduction === "mean" ? tasks.length : 1;
    optimizer.update(
      state,
      parameters,
      sum.map((value) => value / divisor),
      rate,
    );
    return parameters.slice();
  });
}

function courseOfAdam(gradients: readonly (readonly number[])[], epsilon = 1e-8, rate = 0.01) {
  const optimizer = flatOptimizer(adam({ epsilon }));
  const parameters = new Float32Array(gradients[0]!.length);
  const state = optimizer.init(parameters.length);
  return gradients.map((gradient) => {
    optimizer.update(state, parameters, Float32Array.from(gradient), rate);
    return parameters.slice();
  });
}

const noise = (steps: number, seed = 0) =>
  Array.from({ length: steps }, (_, t) => noiseRow(length, 1000 * seed + t));

// Computed in float64: rate 0.01, `sum`, from 0; the second step's gradients are -1/2 times the first's.
test("three steps on three tasks give the golden trunk", () => {
  const gradients = [1, -0.5, 1].map((f) => goldenRows.map((row) => row.map((g) => f * g)));
  const trunk = course(methodOf({ reduction: "sum" }), gradients);
  expectClose(trunk[0]!, [-0.01, -0.01, 0, -0.02], 2e-9);
  expectClose(trunk[1]!, [-0.01266337, -0.01266337, 0, -0.025326741], 5e-9);
  expectClose(trunk[2]!, [-0.018458177, -0.018458177, 0, -0.036916354], 5e-9);
});

describe.each(["sum", "mean"] as const)("with the reduction `%s`", (reduction) => {
  test("one task takes the steps of Adam, to the bit", () => {
    const gradients = noise(50);
    const alone = gradients.map((gradient) => [gradient]);
    for (const epsilon of [1e-8, 1e-3]) {
      const trunk = course(methodOf({ reduction, epsilon }), alone, 0.003);
      expect(trunk).toEqual(courseOfAdam(gradients, epsilon, 0.003));
    }
  });

  test("copies of a task move the trunk as often as the reduction counts them", () => {
    const gradients = noise(20);
    const copies = gradients.map((gradient) => [gradient, gradient, gradient, gradient]);
    const times = reduction === "sum" ? 4 : 1;
    const expected = courseOfAdam(gradients, 1e-8, 0.01 * times);
    const trunk = course(methodOf({ reduction }), copies);
    expectClose(trunk[19]!, expected[19]!, 1e-6);
  });
});

test("a task's loss times 1000 leaves the course within 1e-5, times 1024 without epsilon equal", () => {
  const rows = noise(60, 1).map((row, t) => [row, noiseRow(length, 9000 + t)]);
  const scaledBy = (factor: number) =>
    rows.map(([first, second]) => [first!.map((g) => Math.fround(g) * factor), second!]);
  const near = course(methodOf(), scaledBy(1000)).at(-1)!;
  const plain = course(methodOf(), scaledBy(1)).at(-1)!;
  expectClose(near, plain, 1e-5 * Math.max(...plain.map(Math.abs)));
  const exact = methodOf({ epsilon: 0 });
  expect(course(exact, scaledBy(1024))).toEqual(course(exact, scaledBy(1)));
});

test("without epsilon a coordinate that never had a gradient has the step 0", () => {
  const { rows } = runTransform(methodOf({ epsilon: 0 }).transform, {
    rows: [
      [0, 1],
      [0, -1],
      [0, 0],
    ],
  });
  expect(rows.map((row) => row[0])).toEqual([0, 0, 0]);
  expect(rows.every((row) => row.every(Number.isFinite))).toBe(true);
});

test("while a block is absent its moments and its count stand still, and others go on", () => {
  const { transform } = methodOf();
  const gradients = noise(13, 2);
  const away = (t: number) => t >= 3;
  const zeroed = gradients.map((row, t) => row.map((g, i) => (i >= 25 && away(t) ? 0 : g)));
  const blocks = gradients.map((_, t) => [
    { from: 0, to: 25, present: true },
    { from: 25, to: length, present: !away(t) },
  ]);
  const back = [
    { from: 0, to: 25, present: true },
    { from: 25, to: length, present: true },
  ];
  const last = noiseRow(length, 77);
  const paused = runTransform(transform, { rows: [...zeroed, last], blocks: [...blocks, back] });
  expect([...paused.rows[8]!.subarray(25)]).toEqual(new Array(15).fill(0));
  const throughout = runTransform(transform, { rows: [...gradients, last] });
  expect(paused.rows[13]!.subarray(0, 25)).toEqual(throughout.rows[13]!.subarray(0, 25));
  const without = runTransform(transform, { rows: [...gradients.slice(0, 3), last] });
  expect(paused.rows[13]!.subarray(25)).toEqual(without.rows[3]!.subarray(25));
  expect(paused.state.arrays.v!.subarray(25)).toEqual(without.state.arrays.v!.subarray(25));
});

test("a task that is away for ten steps keeps its state", () => {
  const { transform } = methodOf();
  const rows = [...noise(3, 4), ...new Array<number[]>(10).fill(new Array<number>(length).fill(0))];
  const gone = [{ from: 0, to: length, present: false }];
  const blocks = rows.map((_, t) => (t < 3 ? undefined : gone));
  const state = runTransform(transform, { rows, blocks }).state;
  expect(state).toEqual(runTransform(transform, { rows: rows.slice(0, 3) }).state);
});

test("a state that went through text and numbers gives the same next step, to the bit", () => {
  const { transform } = methodOf();
  const { state } = runTransform(transform, { rows: noise(5, 5) });
  const copy = {
    arrays: Object.fromEntries(
      Object.entries(state.arrays).map(([name, array]) => [name, Float32Array.from(array)]),
    ),
    scalars: JSON.parse(JSON.stringify(state.scalars)),
  };
  const step = { clock: { step: 5, epoch: 0 }, loss: 1 };
  const first = Float32Array.from(noiseRow(length, 50));
  const second = first.slice();
  transform.apply(state, first, step);
  transform.apply(copy, second, step);
  expect(second).toEqual(first);
});
