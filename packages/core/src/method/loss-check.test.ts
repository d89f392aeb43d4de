import { expect, test } from "vitest";
import { demandLosses } from "./loss-check.ts";

test("a refused loss is named with its task, its bound and the way out", () => {
  expect(() => demandLosses("some-method", "at least 0", [0, 1, -2])).toThrow(
    expect.objectContaining({
      code: "run/negative-loss",
      message: "Parameter `losses[2]` should be at least 0. Found -2.",
      remedy: "Use a loss that is always at least 0, or another method than `some-method`.",
      details: { method: "some-method", task: 2, loss: -2 },
    }),
  );
});

test("a loss of 0 is refused only where it has no meaning", () => {
  expect(() => demandLosses("some-method", "at least 0", [0])).not.toThrow();
  expect(() => demandLosses("some-method", "greater than 0", [0])).toThrow("losses[0]");
});
