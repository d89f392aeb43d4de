import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../errors.ts";
import type { LabelKind } from "../loss/names.ts";
import { accuracy } from "./accuracy.ts";
import { auc } from "./auc.ts";
import { explainedVariance } from "./explained-variance.ts";
import { mae } from "./mean-absolute-error.ts";
import type { Predictions } from "./metric.ts";
import { metricByName } from "./registry.ts";
import { rmse } from "./root-mean-squared-error.ts";
import { topK } from "./top-k.ts";

const absent = Number.NaN;

function predictions(outputs: number[][], labels: number[][], labelKind?: LabelKind): Predictions {
  return {
    size: outputs.length,
    outputs: Float32Array.from(outputs.flat()),
    outputSize: outputs[0]?.length ?? 1,
    labels: Float32Array.from(labels.flat()),
    labelSize: labels[0]?.length ?? 1,
    ...(labelKind && { labelKind }),
  };
}

/** One output and one label per sample. */
const column = (outputs: number[], labels: number[]) =>
  predictions(
    outputs.map((x) => [x]),
    labels.map((x) => [x]),
  );

describe("accuracy", () => {
  const logits = [
    [1, 2, 0],
    [5, 2, 1],
    [0, 0, 3],
    [1, 0, 0],
  ];

  test("compares the largest output with a class index or a one-hot row", () => {
    expect(accuracy(predictions(logits, [[1], [0], [2], [2]]))).toBe(0.75);
    const rows = [
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 1],
    ];
    expect(accuracy(predictions(logits, rows))).toBe(0.75);
  });

  test("skips missing labels", () => {
    expect(accuracy(predictions(logits, [[1], [absent], [0], [absent]]))).toBe(0.5);
    expect(accuracy(column([1, 1, 1], [1, absent, 0]))).toBe(0.5);
  });

  test("takes a logit above 0 for yes", () => {
    expect(accuracy(column([0.1, -0.1, 3, 0], [1, 0, 0, 0]))).toBe(0.75);
  });

  test("counts each of several yes-or-no labels for itself, if they are declared so", () => {
    const outputs = [
      [1, 1],
      [-1, 2],
    ];
    const labels = [
      [1, 1],
      [1, 0],
    ];
    expect(accuracy(predictions(outputs, labels, "binary"))).toBe(0.5);
    expect(accuracy(predictions([[3, 1]], [[1, 0]], "binary"))).toBe(0.5);
    expect(accuracy(predictions([[3, 1]], [[1, 0]]))).toBe(1);
  });

  test("does not count outputs of NaN as right", () => {
    expect(accuracy(predictions([[absent, absent]], [[0]]))).toBe(0);
    expect(accuracy(column([absent, absent], [0, 1]))).toBe(0);
  });
});

describe("top-k accuracy", () => {
  test("asks whether the class is among the k largest", () => {
    const logits = [
      [4, 3, 2, 1],
      [4, 3, 2, 1],
      [4, 3, 2, 1],
    ];
    const split = predictions(logits, [[0], [1], [3]]);
    expect([1, 2, 3, 4].map((k) => topK(k)(split))).toEqual([1 / 3, 2 / 3, 2 / 3, 1]);
  });

  test("breaks ties by index, so it agrees with the first argmax", () => {
    const split = predictions(
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      [[0], [1]],
    );
    expect([topK(1)(split), topK(2)(split)]).toEqual([0.5, 1]);
  });
});

describe("AUC", () => {
  test("is the share of pairs in the right order, ties half", () => {
    // The example of scikit-learn's roc_auc_score.
    expect(auc(column([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]))).toBe(0.75);
    expect(auc(column([1, 1, 1, 1], [0, 1, 0, 1]))).toBe(0.5);
    expect(auc(column([-1, 2, 2, absent], [0, 1, 0, absent]))).toBe(0.75);
  });

  test("equals the count over all pairs", () => {
    const score = fc.integer({ min: -4, max: 4 });
    const sample = fc.tuple(score, fc.constantFrom(0, 1, absent));
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 40 }), (samples) => {
        const of = (label: number) => samples.filter((s) => s[1] === label).map((s) => s[0]);
        const pairs = of(1).flatMap((p) => of(0).map((n) => (Math.sign(p - n) + 1) / 2));
        const counted = pairs.length ? pairs.reduce((a, b) => a + b) / pairs.length : 0.5;
        const [outputs, labels] = [samples.map((s) => s[0]), samples.map((s) => s[1])];
        expect(auc(column(outputs, labels))).toBeCloseTo(counted, 12);
      }),
    );
  });

  test("of several labels is the mean over those that have both kinds", () => {
    const outputs = [
      [1, 1, 9],
      [2, 1, 9],
      [3, 1, 9],
    ];
    const labels = [
      [0, 0, 1],
      [0, 1, 1],
      [1, absent, 1],
    ];
    expect(auc(predictions(outputs, labels, "binary"))).toBe((1 + 0.5) / 2);
  });

  test("of two classes ranks by the difference of the logits", () => {
    const logits = [
      [5, 5.1],
      [0, 0.4],
      [1, 1.35],
      [-3, -2.2],
    ];
    expect(auc(predictions(logits, [[0], [0], [1], [1]]))).toBe(0.75);
  });

  test("is 0.5 where there is only one kind of label, or none", () => {
    expect(auc(column([1, 2], [1, 1]))).toBe(0.5);
    expect(auc(column([1], [absent]))).toBe(0.5);
  });
});

describe("errors of regression", () => {
  test("mean and root mean square skip missing labels", () => {
    const split = predictions(
      [
        [1, 2],
        [3, 9],
      ],
      [
        [0, 4],
        [6, absent],
      ],
    );
    expect(mae(split)).toBe(2);
    expect(rmse(split)).toBeCloseTo(Math.sqrt(14 / 3), 12);
  });

  test("explained variance agrees with scikit-learn's example, and forgives an offset", () => {
    const labels = [3, -0.5, 2, 7];
    expect(explainedVariance(column([2.5, 0, 2, 8], labels))).toBeCloseTo(0.9571734475374732, 12);
    expect(
      explainedVariance(
        column(
          labels.map((y) => y + 5),
          labels,
        ),
      ),
    ).toBe(1);
  });

  test("explained variance is the mean over columns that vary, by hand 1 - 0.25 and 1", () => {
    const outputs = [
      [0, 0, 3],
      [1, 2, 4],
    ];
    const labels = [
      [0, 0, 1],
      [2, 2, 1],
    ];
    expect(explainedVariance(predictions(outputs, labels))).toBe((0.75 + 1) / 2);
    expect(explainedVariance(column([1, 2], [1, 1]))).toBe(0);
  });

  test("large numbers do not cancel", () => {
    const labels = [1e6, 1e6 + 1, 1e6 + 2];
    expect(explainedVariance(column([1e6, 1e6 + 1, 1e6 + 2], labels))).toBe(1);
    const many = new Array<number>(100_000).fill(0.1);
    expect(
      mae(
        column(
          many,
          many.map(() => 0),
        ),
      ),
    ).toBeCloseTo(Math.fround(0.1), 12);
  });
});

describe("metrics by name", () => {
  test.each(["accuracy", "auc", "mae", "rmse", "explainedVariance", "top1", "top5"])(
    "%s gives a finite number even without labels",
    (name) => {
      const value = metricByName(name)(predictions([[1, 2]], [[absent]]));
      expect(Number.isFinite(value)).toBe(true);
    },
  );

  test("topN is top-k accuracy with k = N", () => {
    const split = predictions([[3, 2, 1]], [[2]]);
    expect([metricByName("top2")(split), metricByName("top3")(split)]).toEqual([0, 1]);
  });

  test.each([
    ["acuracy", "`accuracy`"],
    ["top0", "`top5`"],
    ["rsme", "`rmse`"],
  ])("%s is refused with the near name", (name, near) => {
    expect(() => metricByName(name, "tasks.left.metrics[0]")).toThrow(ExperimentError);
    expect(() => metricByName(name, "tasks.left.metrics[0]")).toThrow(
      /tasks\.left\.metrics\[0\].*one of accuracy/s,
    );
    expect(() => metricByName(name)).toThrow(`Did you mean ${near}?`);
  });
});

test.each([
  ["accuracy", "higher"],
  ["top3", "higher"],
  ["auc", "higher"],
  ["mae", "lower"],
  ["rmse", "lower"],
  ["explainedVariance", "higher"],
])("%s is better when it is %s", (name, better) => {
  expect(metricByName(name).better).toBe(better);
});
