import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LossFunction } from "./names.ts";
import { labelsPerTerm, taskLoss, unmaskedCount } from "./task-loss.ts";

const absent = Number.NaN;
let tensors = 0;

beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

type Loss = ReturnType<typeof taskLoss>;
type Extra = { sampleWeights?: number[]; divisor?: number };

/** Loss and its gradient with respect to the outputs, as numbers. */
function evaluate(loss: Loss, labels: tf.TensorLike, outputs: number[][], extra: Extra = {}) {
  return tf.tidy(() => {
    const { sampleWeights, ...rest } = extra;
    const weights = sampleWeights && tf.tensor1d(sampleWeights);
    const value = (z: tf.Tensor) => loss(tf.tensor(labels), z, { ...rest, sampleWeights: weights });
    const both = tf.valueAndGrad(value)(tf.tensor2d(outputs));
    // Adding 0 turns -0 into 0.
    return { value: both.value.arraySync() as number, gradient: both.grad.add(0).arraySync() };
  });
}

const squares = taskLoss({ loss: "meanSquaredError", missingLabels: true });

describe("the mean", () => {
  test("divides by the number of terms: samples of a softmax, all elements of a regression", () => {
    const softmax = taskLoss({ loss: "softmaxCrossEntropy" });
    expect(
      evaluate(
        softmax,
        [0, 1],
        [
          [0, 0],
          [0, 0],
        ],
      ).value,
    ).toBeCloseTo(Math.LN2, 6);
    const plain = taskLoss({ loss: "meanSquaredError" });
    expect(
      evaluate(
        plain,
        [
          [0, 0],
          [0, 0],
        ],
        [
          [1, 2],
          [3, 4],
        ],
      ).value,
    ).toBe(30 / 4);
  });

  test("leaves out missing labels", () => {
    const { value, gradient } = evaluate(
      squares,
      [
        [0, absent],
        [1, 0],
      ],
      [
        [3, 7],
        [1, 6],
      ],
    );
    expect(value).toBe((9 + 36) / 3);
    expect(gradient).toEqual([
      [2, 0],
      [0, 4],
    ]);
  });

  test("counts a weighted sample once, whatever its weight", () => {
    const extra = { sampleWeights: [0.5, 2] };
    expect(evaluate(squares, [[0], [0]], [[1], [3]], extra).value).toBe((0.5 + 18) / 2);
    const twoOutputs = evaluate(
      squares,
      [
        [0, absent],
        [0, 0],
      ],
      [
        [1, 1],
        [3, 1],
      ],
      extra,
    );
    expect(twoOutputs.value).toBeCloseTo((0.5 + 18 + 2) / 3, 6);
  });

  test("of a slice divides by what it is told", () => {
    expect(evaluate(squares, [[0], [absent]], [[3], [1]], { divisor: 4 }).value).toBe(9 / 4);
    const plain = taskLoss({ loss: "meanSquaredError" });
    expect(evaluate(plain, [[0], [0]], [[3], [1]], { divisor: 4 }).value).toBe(10 / 4);
  });

  test("of slices with the whole batch's count adds up to the mean of the batch", () => {
    const element = fc.option(fc.integer({ min: -3, max: 3 }), { nil: absent });
    fc.assert(
      fc.property(fc.array(element, { minLength: 2, maxLength: 8 }), (labels) => {
        const outputs = labels.map((_, i) => [i]);
        const divisor = Math.max(1, unmaskedCount(Float32Array.from(labels)));
        const part = (from: number, to?: number) =>
          evaluate(squares, labels.slice(from, to), outputs.slice(from, to), { divisor }).value;
        const whole = evaluate(squares, labels, outputs).value;
        expect(part(0, 1) + part(1)).toBeCloseTo(whole, 5);
      }),
    );
  });
});

describe("a missing label", () => {
  test.each([
    ["softmaxCrossEntropy", [0, absent]],
    [
      "softmaxCrossEntropy",
      [
        [1, 0, 0],
        [0.5, absent, 0.5],
      ],
    ],
    [
      "sigmoidCrossEntropy",
      [
        [1, 0, 1],
        [absent, absent, absent],
      ],
    ],
    [
      "meanSquaredError",
      [
        [1, 2, 3],
        [absent, absent, absent],
      ],
    ],
    [
      "meanAbsoluteError",
      [
        [1, 2, 3],
        [absent, absent, absent],
      ],
    ],
    [
      "huber",
      [
        [1, 2, 3],
        [absent, absent, absent],
      ],
    ],
  ] as const)("moves nothing under %s %#", (loss, labels) => {
    const masked = taskLoss({ loss, missingLabels: true });
    const outputs = [
      [0.3, -2, 1],
      [80, 1e30, -5],
    ];
    const both = evaluate(masked, labels as unknown as number[][], outputs);
    const alone = evaluate(masked, [labels[0]] as unknown as number[][], outputs.slice(0, 1));
    expect(both.value).toBe(alone.value);
    expect(both.gradient).toEqual([...(alone.gradient as number[][]), [0, 0, 0]]);
  });

  test("makes no difference to the others when all are there", () => {
    const outputs = [
      [1, -1],
      [0.5, 2],
    ];
    const without = evaluate(taskLoss({ loss: "softmaxCrossEntropy" }), [0, 1], outputs);
    const masked = taskLoss({ loss: "softmaxCrossEntropy", missingLabels: true });
    expect(evaluate(masked, [0, 1], outputs)).toEqual(without);
  });

  test("everywhere gives a loss of 0, not of NaN", () => {
    const nothing = evaluate(squares, [absent, absent], [[1], [2]]);
    expect(nothing).toEqual({ value: 0, gradient: [[0], [0]] });
  });

  test("costs no mask where none is allowed", async () => {
    const kernels = async (missingLabels: boolean) => {
      const loss = taskLoss({ loss: "meanSquaredError", missingLabels });
      const profile = await tf.profile(() => {
        evaluate(loss, [0], [[1]]);
      });
      return profile.kernelNames;
    };
    expect(await kernels(true)).toContain("IsNan");
    for (const mask of ["IsNan", "Select"]) expect(await kernels(false)).not.toContain(mask);
  });
});

describe("weights", () => {
  test("of classes multiply a class's terms and do not enter the divisor", () => {
    const loss = taskLoss({ loss: "softmaxCrossEntropy", classWeights: [1, 3] });
    const { value, gradient } = evaluate(
      loss,
      [0, 1],
      [
        [0, 0],
        [0, 0],
      ],
    );
    expect(value).toBeCloseTo((Math.LN2 + 3 * Math.LN2) / 2, 6);
    expect(gradient).toEqual([
      [-0.25, 0.25],
      [0.75, -0.75],
    ]);
  });

  test("of the positive term multiply only that", () => {
    const loss = taskLoss({ loss: "sigmoidCrossEntropy", positiveWeight: 3 });
    const { value, gradient } = evaluate(loss, [1, 0], [[0], [0]]);
    expect(value).toBeCloseTo(2 * Math.LN2, 6);
    expect(gradient).toEqual([[-0.75], [0.25]]);
  });
});

describe("shapes", () => {
  test("labels [B] fit outputs [B, 1], without a product of all with all", () => {
    expect(evaluate(squares, [1, 2], [[1], [2]]).value).toBe(0);
  });

  test("class indices may come as [B, 1]", () => {
    const loss = taskLoss({ loss: "softmaxCrossEntropy" });
    const outputs = [
      [3, 1],
      [0, 2],
    ];
    expect(evaluate(loss, [[0], [1]], outputs)).toEqual(evaluate(loss, [0, 1], outputs));
  });

  const perSample: LossFunction = (labels, outputs) =>
    tf.sum(tf.squaredDifference(labels, outputs), 1);

  test("a user's loss per sample is averaged over samples, dropped where a label is missing", () => {
    const loss = taskLoss({ loss: perSample, missingLabels: true });
    const labels = [
      [0, 0],
      [0, 0],
      [absent, 0],
    ];
    expect(
      evaluate(loss, labels, [
        [1, 1],
        [2, 2],
        [3, 3],
      ]).value,
    ).toBe((2 + 8) / 2);
  });

  test("label elements per term are found by trial", () => {
    expect(labelsPerTerm("softmaxCrossEntropy", [], [5])).toBe(1);
    expect(labelsPerTerm("softmaxCrossEntropy", [5], [5])).toBe(5);
    expect(labelsPerTerm("sigmoidCrossEntropy", [5], [5])).toBe(1);
    expect(labelsPerTerm("huber", [], [1])).toBe(1);
    expect(labelsPerTerm(perSample, [4], [4])).toBe(4);
  });

  test("a term counts when all of its label elements are there", () => {
    const labels = Float32Array.of(1, absent, 0, 1, absent, absent);
    expect(unmaskedCount(labels)).toBe(3);
    expect(unmaskedCount(labels, 2)).toBe(1);
  });
});
