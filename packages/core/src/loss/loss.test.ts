import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { huber } from "./huber.ts";
import { type LossFunction, lossNames } from "./names.ts";
import { lossOf, lossOutputs } from "./registry.ts";
import { sigmoidCrossEntropy } from "./sigmoid-cross-entropy.ts";
import { softmaxCrossEntropy } from "./softmax-cross-entropy.ts";

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

function terms(loss: LossFunction, labels: tf.TensorLike, outputs: number[][]): number[] {
  return tf.tidy(() => [...loss(tf.tensor(labels), tf.tensor2d(outputs)).dataSync()]);
}

function slopes(loss: LossFunction, labels: tf.TensorLike, outputs: number[][]): number[] {
  return tf.tidy(() => {
    const gradient = tf.grad((z) => tf.sum(loss(tf.tensor(labels), z)));
    return [...gradient(tf.tensor2d(outputs)).dataSync()];
  });
}

function expectClose(actual: readonly number[], wanted: readonly number[], tolerance = 1e-6) {
  expect(actual.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
  }
}

// Values in this file were computed from the definitions in Python, in double precision.
describe("softmax cross-entropy", () => {
  const logits = [2, -1, 0.5];
  const loss = softmaxCrossEntropy();

  test("agrees with the definition for indices, one-hot rows and probabilities", () => {
    const golden = [0.241311296657, 3.241311296657, 1.741311296657];
    expectClose(terms(loss, [0, 1, 2], [logits, logits, logits]), golden);
    const rows = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    expectClose(terms(loss, rows, [logits, logits, logits]), golden);
    expectClose(terms(loss, [[0.2, 0.3, 0.5]], [logits]), [1.891311296657]);
  });

  test("has gradient softmax minus label, and stays finite at any logits", () => {
    const p = logits.map((z) => Math.exp(z - 2.241311296657));
    expectClose(slopes(loss, [1], [logits]), [p[0]!, p[1]! - 1, p[2]!]);
    expectClose(
      terms(
        loss,
        [1, 0],
        [
          [1e4, -1e4],
          [1e4, -1e4],
        ],
      ),
      [2e4, 0],
    );
    expectClose(
      slopes(
        loss,
        [1, 0],
        [
          [1e4, -1e4],
          [1e4, -1e4],
        ],
      ),
      [1, -1, 0, 0],
    );
  });

  test("weighs classes, inside rows of probabilities too", () => {
    const weighted = softmaxCrossEntropy({ classWeights: [2, 1, 4] });
    expectClose(terms(weighted, [0, 2], [logits, logits]), [0.482622593314, 6.965245186629]);
    const wanted = 0.2 * 2 * 0.241311296657 + 0.3 * 3.241311296657 + 0.5 * 4 * 1.741311296657;
    expectClose(terms(weighted, [[0.2, 0.3, 0.5]], [logits]), [wanted]);
  });
});

describe("sigmoid cross-entropy", () => {
  const loss = sigmoidCrossEntropy();

  test.each([
    [-3, [0.048587351574, 3.048587351574, 0.798587351574]],
    [-0.5, [0.47407698418, 0.97407698418, 0.59907698418]],
    [0, [Math.LN2, Math.LN2, Math.LN2]],
    [2, [2.126928011043, 0.126928011043, 1.626928011043]],
    [90, [90, 8.194e-40, 67.5]],
    [-90, [8.194e-40, 90, 22.5]],
  ])("agrees with the definition at logit %d", (z, golden) => {
    expectClose(terms(loss, [[0, 1, 0.25]], [[z, z, z]]), golden);
  });

  test("keeps the small loss of a sure prediction, which a difference would cancel", () => {
    const [small] = terms(loss, [[1]], [[15]]);
    expect(Math.abs(small! / 3.059022269257e-7 - 1)).toBeLessThan(1e-5);
  });

  test("has gradient sigmoid minus label, at 0 too", () => {
    expectClose(slopes(loss, [[0, 1, 0.25]], [[0, 0, 0]]), [0.5, -0.5, 0.25]);
    expectClose(slopes(loss, [[0, 1]], [[1e4, -1e4]]), [1, -1]);
  });

  test("weighs the positive term", () => {
    const weighted = sigmoidCrossEntropy({ positiveWeight: 3 });
    const golden = [9.145762054721, 0.048587351574, 0.380784033129, 2.126928011043];
    expectClose(terms(weighted, [[1, 0, 1, 0]], [[-3, -3, 2, 2]]), golden);
    expectClose(terms(weighted, [[1, 1]], [[-90, 90]]), [270, 0]);
  });
});

describe("losses of regression", () => {
  test("squared error has no factor 1/2", () => {
    expect(terms(lossOf({ loss: "meanSquaredError" }), [[1, 2]], [[3, 2]])).toEqual([4, 0]);
    expect(slopes(lossOf({ loss: "meanSquaredError" }), [[1, 2]], [[3, 2]])).toEqual([4, 0]);
  });

  test("absolute error does not move an exact fit", () => {
    const loss = lossOf({ loss: "meanAbsoluteError" });
    expect(terms(loss, [[1, 2, 3]], [[3, 2, 0]])).toEqual([2, 0, 3]);
    expect(slopes(loss, [[1, 2, 3]], [[3, 2, 0]])).toEqual([1, 0, -1]);
  });

  test("Huber's loss is a parabola that goes over into a line at delta", () => {
    expect(terms(huber(), [[0, 0, 0]], [[0.5, 1, -3]])).toEqual([0.125, 0.5, 2.5]);
    expect(terms(huber({ delta: 2 }), [[0, 0]], [[1, 5]])).toEqual([0.5, 8]);
    expect(slopes(huber({ delta: 2 }), [[0, 0, 0]], [[1, 5, -5]])).toEqual([1, 2, -2]);
  });
});

describe.each(lossNames)("%s", (name) => {
  const value = fc.integer({ min: -400, max: 400 }).map((n) => n / 100);
  const weights = lossOutputs(name);
  const loss = lossOf({
    loss: name,
    classWeights: weights.classWeights ? [1, 2, 0.5] : undefined,
    positiveWeight: weights.positiveWeight ? 2.5 : undefined,
  });

  test("has the gradient that differences show, and is never negative", () => {
    const labels = fc.tuple(value, value, value).map((row) => row.map((x) => Math.abs(x) / 4));
    fc.assert(
      fc.property(fc.tuple(value, value, value), labels, (z, y) => {
        const step = 1 / 64;
        const bumped = (i: number, by: number) => z.map((x, j) => (j === i ? x + by : x));
        const total = (row: number[]) => terms(loss, [y], [row]).reduce((a, b) => a + b);
        const kink = z.some((x, i) =>
          [0, 1].some((k) => Math.abs(Math.abs(x - y[i]!) - k) < 2 * step),
        );
        fc.pre(!kink);
        const differences = z.map(
          (_, i) => (total(bumped(i, step)) - total(bumped(i, -step))) / (2 * step),
        );
        expectClose(slopes(loss, [y], [z]), differences, 2e-3);
        expect(total(z)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 40, seed: 1 },
    );
  });
});

test("the table says what each loss wants; a function wants anything", () => {
  expect(lossOutputs("softmaxCrossEntropy")).toEqual({
    labels: "class",
    minOutputs: 2,
    classWeights: true,
    positiveWeight: false,
  });
  expect(lossOutputs("sigmoidCrossEntropy").labels).toBe("binary");
  expect(lossOutputs("huber").labels).toBe("real");
  expect(lossOutputs((labels) => labels).labels).toBe("any");
});

test("the backward pass of sigmoid cross-entropy is sigmoid, minus, times", async () => {
  const loss = lossOf({ loss: "sigmoidCrossEntropy" });
  const profile = await tf.profile(() => {
    slopes(loss, [[1, 0]], [[1, 2]]);
  });
  const kernels = profile.kernels.map((kernel) => kernel.name);
  // The first two are the gradient of the sum.
  const backward = kernels.slice(kernels.indexOf("Sum") + 1);
  expect(backward).toEqual(["Reshape", "Multiply", "Sigmoid", "Sub", "Multiply"]);
});
