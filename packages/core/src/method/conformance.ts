// The conformance suite of methods: what every method promises, whatever it is called, and each property
// that it claims. It drives a method as a run does, over seeded gradients, and shows it nothing that it
// did not declare.
// Letters: M = tasks, P = length of the trunk.

import { describe, expect, test } from "vitest";
import { type Method, properties } from "./method.ts";
import { checks } from "./test-claims.ts";
import { startCourse, type Taken } from "./test-course.ts";
import { length, run, samplesOf } from "./test-samples.ts";

/** The last more than P, so that gradients depend on each other. */
const taskCounts = [1, 2, 3, 5, 12];
const seeds = [1, 2, 3, 4];

/** Makes the method for M tasks. */
export type MethodMaker = (taskCount: number) => Method;

export function describeMethod(name: string, make: MethodMaker): void {
  describe(name, () => {
    describeScales(make);
    describeRepetition(make);
    describeBadInput(make);
    test("declares what it needs and learns, and why it lacks what it lacks", () => {
      expectHonest(make(2));
    });
    describeProperties(make);
  });
}

function describeScales(make: MethodMaker): void {
  test.each([1e-10, 1, 1e10])("is finite, of the right length, at gradients of %f", (scale) => {
    for (const taskCount of taskCounts) {
      expectFinite(run(make(taskCount), samplesOf({ seed: 1, taskCount, scale })), taskCount);
    }
  });
}

function describeRepetition(make: MethodMaker): void {
  test("the same seed gives the same course", () => {
    const samples = samplesOf({ seed: 1, taskCount: 3, count: 5 });
    expect(run(make(3), samples)).toEqual(run(make(3), samples));
  });

  test("goes on from its state as JSON", () => {
    const samples = samplesOf({ seed: 2, taskCount: 3, count: 6 });
    const method = make(3);
    const whole = startCourse(method, { taskCount: 3, length, seed: 1 });
    const first = startCourse(method, { taskCount: 3, length, seed: 1 });
    for (const sample of samples.slice(0, 3)) {
      whole.advance(sample);
      first.advance(sample);
    }
    const second = startCourse(method, { taskCount: 3, length, seed: 1 });
    second.restore(JSON.parse(JSON.stringify(first.save())));
    for (const sample of samples.slice(3)) {
      expect(second.advance(sample)).toEqual(whole.advance(sample));
    }
  });
}

/** Gradients that leave many formulas without an answer. */
const badGradients: readonly [name: string, rows: readonly (readonly number[])[]][] = [
  [
    "a zero gradient",
    [
      [1, 2, 3],
      [0, 0, 0],
      [-2, 1, 1],
    ],
  ],
  [
    "opposed gradients",
    [
      [1, -2, 3],
      [-2, 4, -6],
    ],
  ],
  [
    "opposed gradients beside another",
    [
      [1, -2, 3],
      [-1, 2, -3],
      [3, 1, 1],
    ],
  ],
  [
    "gradients that sum to zero",
    [
      [1, 0, 0],
      [0, 1, 0],
      [-1, -1, 0],
    ],
  ],
  [
    "equal gradients",
    [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ],
  ],
  [
    "sizes that differ by 20 decades",
    [
      [1e10, 2e10, 0],
      [1e-10, -1e-10, 0],
      [0, 1, 1],
    ],
  ],
  [
    "no gradient at all",
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  ],
];

/** Losses without a logarithm or a share, and what a method may do about them. */
const badLosses = [0, -0.5];

function describeBadInput(make: MethodMaker): void {
  test.each(badLosses)("is finite with a loss of %f, or refuses it", (loss) => {
    const samples = samplesOf({ seed: 1, taskCount: 3, count: 6 }).map((sample) => {
      const losses = sample.losses.with(1, loss);
      return { ...sample, losses, lossesAfter: losses };
    });
    try {
      expectFinite(run(make(3), samples), 3);
    } catch (error) {
      expect(error).toMatchObject({ code: "run/negative-loss" });
    }
  });

  test.each(badGradients)("is finite with %s", (_, rows) => {
    const samples = samplesOf({ seed: 1, taskCount: rows.length }).map((sample) => ({
      ...sample,
      rows: rows.map((row) => Float32Array.from(row)),
    }));
    expectFinite(run(make(rows.length), samples), rows.length, 3);
  });
}

/** Its declarations fit together, and what it does not claim has a reason. */
function expectHonest(method: Method): void {
  for (const property of properties) {
    const claim = method.claims[property];
    if (claim !== true) expect(claim.split(" ").length, property).toBeGreaterThan(3);
  }
  if (method.form !== "weighting") return;
  expect(method.learn !== undefined, "has `learn` where it learns").toBe(
    method.learns !== "nothing",
  );
  if (method.needs === "nothing" && method.learns === "nothing") {
    expect(method.init(2), "workers compute its weights alone").toEqual({});
  }
}

function describeProperties(make: MethodMaker): void {
  // Claims may depend on the number of tasks through per-task options only.
  const { claims } = make(2);
  const claimed = properties.filter((property) => claims[property] === true);
  if (claimed.length === 0) return;
  test.each(claimed)("claims that it is or has %s", (property) => {
    for (const seed of seeds) {
      for (const taskCount of property === "oneTaskIsPlain" ? [1] : taskCounts.slice(1, -1)) {
        checks[property](make(taskCount), samplesOf({ seed, taskCount }));
      }
    }
  });
}

function expectFinite(taken: readonly Taken[], taskCount: number, expectedLength = length): void {
  for (const { direction, weights } of taken) {
    expect(direction).toHaveLength(expectedLength);
    expect(direction.every(Number.isFinite), `direction ${direction}`).toBe(true);
    if (weights === undefined) continue;
    expect(weights).toHaveLength(taskCount);
    expect(weights.every(Number.isFinite), `weights ${weights}`).toBe(true);
  }
}
