import { describe, expect, test } from "vitest";
import { meaningOf } from "./answer.ts";

describe("the meaning of outputs", () => {
  test("is the most probable class where the loss is a softmax's", () => {
    const { class: found, probability } = meaningOf("softmaxCrossEntropy", 3)([1000, 1001, 999]);
    expect(found).toBe(1);
    // 1 / (1 + exp(-1) + exp(-2))
    expect(probability).toBeCloseTo(0.6652409557748219, 12);
  });

  test("is one class for each label of a row that has several", () => {
    expect(meaningOf("softmaxCrossEntropy", 2)([0, 0, 0, Math.log(3)])).toEqual({
      class: [0, 1],
      probability: [0.5, expect.closeTo(0.75, 12)],
    });
  });

  test("is a probability of each output where the loss is a sigmoid's", () => {
    expect(meaningOf("sigmoidCrossEntropy", 1)([0])).toEqual({ probability: 0.5 });
    expect(meaningOf("sigmoidCrossEntropy", 2)([-800, 800])).toEqual({ probability: [0, 1] });
  });

  test("is nothing where outputs are real numbers or the loss is the user's own", () => {
    for (const loss of ["meanSquaredError", "huber", "function mine", "function"]) {
      expect(meaningOf(loss, 1)([3])).toEqual({});
    }
  });
});
