import { expect, test } from "vitest";
import { ExperimentError } from "../../errors.ts";
import { expectClose, weighOnce, weightingOf } from "../test-views.ts";
import { fixed, fixedDefinition } from "./fixed.ts";

const method = weightingOf(fixedDefinition.make(fixed({ weights: [0.5, 0, 2] })));

test("weights are those of the options, in the tasks' order", () => {
  expectClose(weighOnce(method, [[1], [2], [3]]).weights, [0.5, 0, 2]);
});

test("as many weights as tasks are asked for, by the field's name", () => {
  expect(() => method.init(2)).toThrow(ExperimentError);
  expect(() => method.init(2)).toThrow(
    "Parameter `method.weights` should be a list of 2 numbers, one per task. Found [0.5, 0, 2].",
  );
});

test("no weight may be negative", () => {
  expect(fixedDefinition.schema.safeParse({ kind: "fixed", weights: [1, -1] }).success).toBe(false);
});
