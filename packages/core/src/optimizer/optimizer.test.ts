import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { adam, adamw } from "./adam.ts";
import { flatOptimizer } from "./flat-optimizer.ts";
import { momentum } from "./momentum.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";
import { type OptimizerSpec, optimizerSchema } from "./spec.ts";
import type { OptimizerState } from "./state.ts";
import { tensorOptimizer } from "./tensor-optimizer.ts";

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

const start = [0.5, -1.25, 2];
const gradients = [
  [0.1, -0.2, 0.3],
  [0.4, 0, -0.6],
  [-0.05, 0.7, 0.2],
  [1.5, -0.3, 0.01],
];
const rates = [0.1, 0.1, 0.05, 0.05];
const learningRate = 0.1;

// Parameters after the four steps above, by the published formulas (for Adam those with mhat and
// vhat), written out once more in Python in double precision, one parameter at a time, without
// looking at this code.
const golden: readonly (readonly [string, OptimizerSpec, readonly number[]])[] = [
  ["sgd", sgd({ learningRate }), [0.3775, -1.25, 2.0195]],
  [
    "sgd with decay",
    sgd({ learningRate, weightDecay: 0.1 }),
    [0.36324700375, -1.213126883125, 1.9601947625],
  ],
  ["Polyak's momentum", momentum({ learningRate }), [0.328855, -1.24811, 2.011715]],
  [
    "Polyak's momentum with decay",
    momentum({ learningRate, momentum: 0.8, weightDecay: 0.1 }),
    [0.31083580375, -1.183259283125, 1.9051507625],
  ],
  [
    "Nesterov's momentum with decay",
    momentum({ learningRate, nesterov: true, weightDecay: 0.1 }),
    [0.18545297947, -1.147414147561, 1.866739770151],
  ],
  ["adam", adam(), [0.246902385022, -1.113400758096, 1.944250567147]],
  [
    "adam with other constants",
    adam({ beta1: 0.8, beta2: 0.99, epsilon: 1e-3 }),
    [0.243453116937, -1.122377042591, 1.949720546036],
  ],
  ["adamw", adamw({ weightDecay: 0.1 }), [0.235084252641, -1.078843014496, 1.88649776629]],
  ["rmsprop", rmsprop({ learningRate }), [-0.25723760435, -1.02353075918, 1.919124876774]],
  [
    "rmsprop with momentum",
    rmsprop({ learningRate, decay: 0.8, momentum: 0.5, epsilon: 1e-2 }),
    [-0.095045633866, -1.08146164361, 1.949337379816],
  ],
];

/** Largest difference, relative to the largest number wanted. */
function distance(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let most = 0;
  let scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    most = Math.max(most, Math.abs(actual[i]! - wanted[i]!));
    scale = Math.max(scale, Math.abs(wanted[i]!));
  }
  return most / scale;
}

/** Two variables, [2] and the rest, with the values of one flat array; so with gradients. */
function twoVariables(values: ArrayLike<number>) {
  const parts = split(values);
  const variables = parts.map((part) => tf.tidy(() => tf.variable(part)));
  tf.dispose(parts);
  return {
    variables,
    update(optimizer: Updatable, gradient: ArrayLike<number>, rate: number) {
      const borrowed = split(gradient);
      optimizer.update(borrowed, rate);
      tf.dispose(borrowed);
    },
    values: () => Float32Array.from(variables.flatMap((variable) => [...variable.dataSync()])),
    dispose: () => tf.dispose(variables),
  };
}

type Updatable = ReturnType<ReturnType<typeof tensorOptimizer>["init"]>;

function split(values: ArrayLike<number>): tf.Tensor[] {
  const numbers = Array.from(values);
  return [tf.tensor1d(numbers.slice(0, 2)), tf.tensor2d([numbers.slice(2)])];
}

/** Repeatable numbers in [-1, 1) that no optimizer treats specially. */
function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

describe.each(golden)("%s", (_, spec, wanted) => {
  test("in flat form gives the parameters of the formula", () => {
    const optimizer = flatOptimizer(spec);
    const parameters = Float32Array.from(start);
    const state = optimizer.init(3);
    for (const [t, gradient] of gradients.entries()) {
      optimizer.update(state, parameters, Float32Array.from(gradient), rates[t]!);
    }
    expect(distance(parameters, wanted)).toBeLessThan(3e-7);
  });

  test("in tensor form equals the flat form", async () => {
    const flat = flatOptimizer(spec);
    const parameters = noise(9, 0);
    const state = flat.init(9);
    const block = twoVariables(parameters);
    const optimizer = tensorOptimizer(spec).init(block.variables);
    for (let t = 1; t <= 30; t++) {
      const gradient = noise(9, t);
      flat.update(state, parameters, gradient, 0.01);
      block.update(optimizer, gradient, 0.01);
    }
    const onDevice = await optimizer.read();
    expect(distance(block.values(), parameters)).toBeLessThan(1e-6);
    expect(onDevice.scalars).toEqual(state.scalars);
    expect(Object.keys(onDevice.arrays)).toEqual(Object.keys(state.arrays));
    for (const [name, array] of Object.entries(state.arrays)) {
      expect(distance(onDevice.arrays[name]!, array)).toBeLessThan(1e-6);
    }
    optimizer.dispose();
    block.dispose();
  });

  test("in tensor form goes on from a read state with the same bits", async () => {
    const block = twoVariables(noise(5, 0));
    const whole = tensorOptimizer(spec).init(block.variables);
    for (let t = 1; t <= 7; t++) block.update(whole, noise(5, t), 0.01);
    const state = throughJson(await whole.read());
    const resumed = twoVariables(block.values());
    const second = tensorOptimizer(spec).init(resumed.variables);
    second.load(state);
    for (let t = 8; t <= 15; t++) {
      block.update(whole, noise(5, t), 0.01);
      resumed.update(second, noise(5, t), 0.01);
    }
    expect(resumed.values()).toEqual(block.values());
    expect(await second.read()).toEqual(await whole.read());
    for (const owned of [whole, second, block, resumed]) owned.dispose();
  });

  test("is plain data that its schema accepts unchanged", () => {
    expect(optimizerSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });
});

/** What a checkpoint does to a state: text and raw numbers. */
function throughJson({ arrays, scalars }: OptimizerState): OptimizerState {
  const copies = Object.entries(arrays).map(([name, a]) => [name, Float32Array.from(a)]);
  return { arrays: Object.fromEntries(copies), scalars: JSON.parse(JSON.stringify(scalars)) };
}

test("a flat optimizer goes on from a copied state with the same bits", () => {
  const kinds = golden.map(([, spec]) => spec);
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.integer({ min: 0, max: 20 }), (spec, pause) => {
      const optimizer = flatOptimizer(spec);
      const run = (parameters: Float32Array, state: OptimizerState, from: number, to: number) => {
        for (let t = from; t < to; t++) optimizer.update(state, parameters, noise(6, t), 0.01);
      };
      const whole = noise(6, 99);
      const wholeState = optimizer.init(6);
      run(whole, wholeState, 0, 20);
      const part = noise(6, 99);
      const partState = optimizer.init(6);
      run(part, partState, 0, pause);
      const state = throughJson(partState);
      run(part, state, pause, 20);
      expect(part).toEqual(whole);
      expect(state).toEqual(wholeState);
    }),
    { numRuns: 40 },
  );
});

// Independent of our formulas: tfjs's own optimizers, where their conventions are ours.
test.each([
  ["sgd", sgd({ learningRate }), () => tf.train.sgd(0.01)],
  ["momentum", momentum({ learningRate }), () => tf.train.momentum(0.01, 0.9)],
  [
    "nesterov",
    momentum({ learningRate, nesterov: true }),
    () => tf.train.momentum(0.01, 0.9, true),
  ],
  ["adam", adam(), () => tf.train.adam(0.01, 0.9, 0.999, 1e-8)],
  ["rmsprop", rmsprop({ learningRate }), () => tf.train.rmsprop(0.01)],
  [
    "rmsprop with momentum",
    rmsprop({ learningRate, decay: 0.8, momentum: 0.5, epsilon: 1e-3 }),
    () => tf.train.rmsprop(0.01, 0.8, 0.5, 1e-3),
  ],
] as const)("%s takes the steps of tf.train", (_, spec, reference) => {
  const optimizer = flatOptimizer(spec);
  const parameters = noise(8, 0);
  const state = optimizer.init(8);
  tf.tidy(() => {
    const theirs = reference();
    const variable = tf.variable(tf.tensor1d(parameters.slice()));
    for (let t = 1; t <= 20; t++) {
      optimizer.update(state, parameters, noise(8, t), 0.01);
      theirs.applyGradients([{ name: variable.name, tensor: tf.tensor1d(noise(8, t)) }]);
    }
    expect(distance(variable.dataSync(), parameters)).toBeLessThan(2e-6);
    theirs.dispose();
    variable.dispose();
  });
  // The momentum optimizer of tfjs keeps a scalar that it never disposes.
  tensors = tf.memory().numTensors;
});

test("a step of tensors keeps no tensors", () => {
  for (const [, spec] of golden) {
    const block = twoVariables(noise(5, 0));
    const optimizer = tensorOptimizer(spec).init(block.variables);
    block.update(optimizer, noise(5, 1), 0.01);
    const before = tf.memory().numTensors;
    for (let t = 2; t <= 4; t++) block.update(optimizer, noise(5, t), 0.01);
    expect(tf.memory().numTensors).toBe(before);
    optimizer.dispose();
    block.dispose();
  }
});

test("a read state is a copy: later steps do not change it, and it can be loaded twice", async () => {
  const block = twoVariables(noise(5, 0));
  const optimizer = tensorOptimizer(adam()).init(block.variables);
  block.update(optimizer, noise(5, 1), 0.01);
  const state = await optimizer.read();
  const copy = throughJson(state);
  optimizer.load(state);
  block.update(optimizer, noise(5, 2), 0.01);
  expect(state).toEqual(copy);
  state.arrays.m?.fill(0);
  optimizer.load(copy);
  expect(await optimizer.read()).toEqual(copy);
  optimizer.dispose();
  block.dispose();
});

test("adam without any gradient stays where it is", () => {
  const optimizer = flatOptimizer(adam());
  const parameters = Float32Array.of(1, 2);
  const state = optimizer.init(2);
  for (let t = 0; t < 5; t++) optimizer.update(state, parameters, new Float32Array(2), 0.1);
  expect([...parameters]).toEqual([1, 2]);
});

test("specifications fill defaults and refuse what no optimizer has", () => {
  expect(optimizerSchema.parse({ kind: "adamw" })).toEqual(adamw());
  expect(optimizerSchema.parse({ kind: "momentum", learningRate: 1 })).toEqual(
    momentum({ learningRate: 1 }),
  );
  const refused = [
    { kind: "sgd" },
    { kind: "sgd", learningRate: -1 },
    { kind: "adam", weightDecay: 0.1 },
    { kind: "momentum", learningRate: 1, momentum: 1 },
    { kind: "lion", learningRate: 1 },
  ];
  for (const spec of refused) expect(optimizerSchema.safeParse(spec).success).toBe(false);
});
