import type { Metric } from "@trunkline/core";
import { expect, test } from "vitest";
import { measureOf, scoreOf } from "./measure.ts";

const undeclared: Metric = () => 0;
const declared: Metric = Object.assign(() => 0, { better: "lower" } as const);
const of = (...metrics: (string | Metric)[]) => measureOf("left", { metrics });

test("a task is measured by its first metric that says which way is better", () => {
  expect(of("rmse", "accuracy")).toEqual({ task: "left", name: "rmse", better: "lower" });
  expect(of(undeclared, "auc")).toEqual({ task: "left", name: "auc", better: "higher" });
  expect(of(declared, "auc")).toMatchObject({ better: "lower" });
});

test("a task without such a metric is measured by its loss", () => {
  for (const measure of [of(), of(undeclared)]) {
    expect(measure).toEqual({ task: "left", name: "loss", better: "lower" });
    expect(scoreOf(measure, { loss: 0.5, metrics: { undeclared: 3 } })).toBe(0.5);
  }
});

test("the score is the metric's value", () => {
  expect(scoreOf(of("auc"), { loss: 0.5, metrics: { auc: 0.75 } })).toBe(0.75);
});
