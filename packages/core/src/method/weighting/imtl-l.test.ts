import { test } from "vitest";
import { expectClose, goldenLosses, goldenRows, weighOnce, weightingOf } from "../test-views.ts";
import { imtlL, imtlLDefinition } from "./imtl-l.ts";

const clock = { step: 0, epoch: 0 };

test("weights start at 1 and go to one over the loss", () => {
  const method = weightingOf(imtlLDefinition.make(imtlL()));
  let state = method.init(3);
  expectClose(weighOnce(method, goldenRows, { state }).weights, [1, 1, 1]);
  for (let t = 0; t < 2000; t++) {
    state = method.learn!(state, { clock, losses: goldenLosses, lossesAfter: [], norms: [] });
  }
  expectClose(weighOnce(method, goldenRows, { state }).weights, [2, 0.5, 2 / 3], 2e-3);
});
