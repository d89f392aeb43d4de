import { expect, test } from "vitest";
import { answersTo, questions } from "./tasks.ts";

const pairs = [
  [3, 8],
  [5, 5],
  [9, 9],
  [0, 0],
] as const;

test.each([
  ["left", [3, 5, 9, 0]],
  ["right", [8, 5, 9, 0]],
  ["leftParity", [1, 1, 1, 0]],
  ["rightParity", [0, 1, 1, 0]],
  ["leftHigh", [0, 1, 1, 0]],
  ["sum", [11, 10, 18, 0]],
  ["same", [0, 1, 1, 1]],
  ["leftGreater", [0, 0, 0, 0]],
])("%s answers for four pairs of digits", (name, answers) => {
  const canvases = {
    images: new Uint8Array(0),
    left: Uint8Array.from(pairs, ([l]) => l),
    right: Uint8Array.from(pairs, ([, r]) => r),
  };
  expect([...answersTo(questions[name]!, canvases)]).toEqual(answers);
});

test("there are eight questions, and no answer is outside of its classes", () => {
  expect(Object.keys(questions)).toHaveLength(8);
  for (const { outputs, answer } of Object.values(questions)) {
    const answers = new Set<number>();
    for (let l = 0; l < 10; l++) for (let r = 0; r < 10; r++) answers.add(answer(l, r));
    const classes = Math.max(2, outputs);
    expect([...answers].sort((a, b) => a - b)).toEqual([...Array(classes).keys()]);
  }
});
