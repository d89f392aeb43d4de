import { expect, test } from "vitest";
import { drawsFor } from "../../random/draws.ts";
import { weighOnce, weightingOf } from "../test-views.ts";
import { type RlwSpec, rlw, rlwDefinition } from "./rlw.ts";

const distributions: RlwSpec["distribution"][] = ["normal", "uniform", "dirichlet"];

test.each(distributions)("%s weights are new in each step and sum to 1", (distribution) => {
  const method = weightingOf(rlwDefinition.make(rlw({ distribution })));
  const weightsIn = (step: number) =>
    weighOnce(method, [[1], [1], [1]], { random: drawsFor({ seed: 3, purpose: "rlw", step }) })
      .weights;
  expect(weightsIn(0)).toEqual(weightsIn(0));
  expect(weightsIn(1)).not.toEqual(weightsIn(0));
  for (let step = 0; step < 20; step++) {
    const weights = weightsIn(step);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(Math.min(...weights)).toBeGreaterThan(0);
  }
});

test("in the mean over steps each task has the same share", () => {
  const method = weightingOf(rlwDefinition.make(rlw()));
  const random = drawsFor({ seed: 5, purpose: "rlw" });
  let first = 0;
  for (let i = 0; i < 2000; i++) first += weighOnce(method, [[1], [1]], { random }).weights[0]!;
  expect(Math.abs(first / 2000 - 0.5)).toBeLessThan(0.02);
});
