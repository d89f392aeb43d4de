import { expect, test } from "vitest";
import { expandGradient } from "./sparse-gradient.ts";

const components = [
  { from: 1, to: 3 },
  { from: 3, to: 5 },
  { from: 6, to: 8 },
];

test.each([
  [[0b111], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [[0b000], [1, 0, 0, 0, 0, 2, 0, 0, 3]],
  [[0b010], [1, 0, 0, 2, 3, 4, 0, 0, 5]],
  [[0b101], [1, 2, 3, 0, 0, 4, 5, 6, 7]],
])("components %j are put in their places, the others are zero", (words, whole) => {
  const values = Float32Array.from({ length: Math.max(...whole) }, (_, i) => i + 1);
  expect([...expandGradient(values, words, { components, length: 9 })]).toEqual(whole);
});

test("bits beyond the first word count", () => {
  const many = Array.from({ length: 40 }, (_, c) => ({ from: c, to: c + 1 }));
  const whole = expandGradient(Float32Array.of(7), [0, 0b10], { components: many, length: 40 });
  expect(whole.indexOf(7)).toBe(33);
});
