import { expect, test } from "vitest";
import { expectClose, goldenLosses, goldenRows, weighOnce } from "../test-views.ts";
import { logDefinition, logLosses } from "./log.ts";

const method = logDefinition.make(logLosses());

test("a task's weight is one over its loss", () => {
  const { weights } = weighOnce(method, goldenRows, { losses: goldenLosses });
  expectClose(weights, [2, 0.5, 2 / 3], 1e-12);
});

test.each([0, -1])("a loss of %d is refused", (loss) => {
  const step = () => weighOnce(method, goldenRows, { losses: [1, loss, 1] });
  expect(step).toThrow(expect.objectContaining({ code: "run/negative-loss" }));
});
