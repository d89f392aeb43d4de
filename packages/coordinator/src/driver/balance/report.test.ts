import type { PreparedExperiment } from "@trunkline/core";
import { afterEach, expect, test } from "vitest";
import { preparedWith } from "../../../test/prepared.ts";
import { PendingReport, plainReport } from "./report.ts";
import { Rows } from "./rows.ts";

let prepared: PreparedExperiment;
afterEach(() => prepared.network.dispose());

const at = { clock: { step: 6, epoch: 0 }, phase: 2, epoch: 3, step: 1 };

/** Rows have the tasks' own weights in them: 1 and 4. */
function rows(): Rows {
  const made = new Rows({ shardSizes: [1, 1], length: 3, chunkLength: 3, kept: true });
  const all = [Float32Array.of(3, 4, 0), Float32Array.of(-8, 0, 6)];
  made.take({ chunk: 0, rows: all, products: true });
  return made;
}

test("a report tells what was seen, decided, predicted and measured, without the tasks' own weights", async () => {
  prepared = await preparedWith({ method: "pcgrad" });
  const report = new PendingReport(prepared, at, rows());
  const moved = Float32Array.of(-0.5, 0, 0.25);
  report.moved({ weights: [0.5, 2], losses: { left: 1, right: 2 }, moved });
  expect(report.complete({ left: 0.75, right: 2.5 })).toEqual({
    phase: 2,
    epoch: 3,
    step: 1,
    weights: { left: 0.5, right: 2 },
    norms: { left: 5, right: 10 / 4 },
    cosines: [
      [1, expect.closeTo(-24 / 50, 12)],
      [expect.closeTo(-24 / 50, 12), 1],
    ],
    conflicting: 1,
    stationarity: expect.any(Number),
    predicted: { left: -1.5, right: 5.5 / 4 },
    actual: { left: -0.25, right: 0.5 },
  });
});

test("what nobody knew is left out", async () => {
  prepared = await preparedWith({ method: "pcgrad" });
  const report = new PendingReport(prepared, at, rows());
  report.moved({ weights: [1, 1], losses: { left: 1, right: 2 }, moved: null });
  const told = report.complete({});
  expect(told).toMatchObject({ weights: { left: 1, right: 1 } });
  expect(Object.keys(told)).not.toContain("predicted");
  expect(Object.keys(told)).not.toContain("actual");
});

test("a method that gives no weights has none in its reports", async () => {
  prepared = await preparedWith({ method: "graddrop" });
  const report = new PendingReport(prepared, at, rows());
  report.moved({ weights: [1, 1], losses: { left: 1, right: 2 }, moved: null });
  const told = report.complete({ left: 0, right: 0 });
  expect(Object.keys(told)).not.toContain("weights");
  expect(told).toMatchObject({ norms: { left: 5 }, actual: { left: -1, right: -2 } });
});

test("without rows a report tells weights and norms, unless there is nothing to tell", async () => {
  prepared = await preparedWith({ method: "gradnorm" });
  const place = { phase: 2, epoch: 3, step: 1 };
  const norms = { right: 8, left: 3 };
  expect(plainReport(prepared, at, { weights: [1, 1], norms: {} })).toBeNull();
  expect(plainReport(prepared, at, { weights: [1, 1], norms })).toEqual({
    ...place,
    weights: { left: 1, right: 1 },
    norms: { left: 3, right: 2 },
  });
  expect(plainReport(prepared, at, { weights: [0.5, 1.5], norms: {} })).toEqual({
    ...place,
    weights: { left: 0.5, right: 1.5 },
  });
});
