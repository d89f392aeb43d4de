import { expect, test } from "vitest";
import { normalised } from "./normalise.ts";

const gram = [Float64Array.of(4, 0), Float64Array.of(0, 9)];

test("weights keep their ratio and get the scale that was asked for", () => {
  expect(normalised([1, 3], "none", gram)).toEqual([1, 3]);
  expect(normalised([1, 3], "sumToTasks", [])).toEqual([0.5, 1.5]);
  const [a, b] = normalised([1, 3], "meanNorm", gram) as [number, number];
  expect(b / a).toBeCloseTo(3, 12);
  expect(Math.hypot(2 * a, 3 * b)).toBeCloseTo(Math.hypot(1, 1.5), 12);
});

test("weights without such a factor stay as they are", () => {
  expect(normalised([1, -1], "sumToTasks", [])).toEqual([1, -1]);
  const zero = [Float64Array.of(0, 0), Float64Array.of(0, 0)];
  expect(normalised([1, 2], "meanNorm", zero)).toEqual([1, 2]);
});
