import { expect, test } from "vitest";
import { expectClose, goldenLosses, goldenRows, weighOnce } from "../test-views.ts";
import { gls, glsDefinition } from "./gls.ts";
import { logDefinition, logLosses } from "./log.ts";

const method = glsDefinition.make(gls());

// Computed in float64 from the geometric mean's derivatives.
test("weights are the derivatives of the losses' geometric mean", () => {
  const { weights } = weighOnce(method, goldenRows, { losses: goldenLosses });
  expectClose(weights, [0.763142828, 0.190785707, 0.254380943], 1e-9);
});

test("weights stand to each other as those of the sum of logarithms", () => {
  const losses = [1e-6, 2, 3e5];
  const geometric = weighOnce(method, goldenRows, { losses }).weights;
  const logs = weighOnce(logDefinition.make(logLosses()), goldenRows, { losses }).weights;
  const ratios = geometric.map((weight, k) => weight / logs[k]! / (geometric[0]! / logs[0]!));
  expectClose(ratios, [1, 1, 1], 1e-12);
});

test.each([0, -0.25])("a loss of %d is refused with its task", (loss) => {
  const step = () => weighOnce(method, goldenRows, { losses: [1, 2, loss] });
  expect(step).toThrow(`Parameter \`losses[2]\` should be greater than 0. Found ${loss}.`);
  expect(step).toThrow(
    expect.objectContaining({
      code: "run/negative-loss",
      details: { method: "gls", task: 2, loss },
    }),
  );
});
