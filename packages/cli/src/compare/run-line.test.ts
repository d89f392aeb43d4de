import { expect, test } from "vitest";
import type { PlannedRun } from "./plan.ts";
import { runLine } from "./run-line.ts";

const run = { kind: "single", name: "left", seed: 1 } as PlannedRun;
const line = (changes: object) =>
  runLine({
    run,
    number: 3,
    runs: 9,
    cached: false,
    fresh: { total: 5, done: 0, seconds: 0 },
    ...changes,
  });

test("a run's line counts, and tells the time left from the runs that were not cached", () => {
  expect(line({})).toBe("[3 of 9] left alone, seed 1");
  expect(line({ cached: true })).toBe("[3 of 9] left alone, seed 1: cached");
  expect(line({ fresh: { total: 5, done: 2, seconds: 60 } })).toBe(
    "[3 of 9] left alone, seed 1; about 1 min 30 s left",
  );
});
