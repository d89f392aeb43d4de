import type { Fallback } from "@trunkline/core";
import { expect, test } from "vitest";
import { Fallbacks } from "./fallbacks.ts";

const zero = (...tasks: number[]): Fallback => ({ kind: "zeroGradient", tasks, instead: "" });
const none: Fallback = { kind: "noSolution", tasks: [0], instead: "" };

test.each([
  ["once while it lasts", [zero(0), zero(0), zero(0)], [0]],
  ["again where it comes back", [zero(0), null, zero(0), zero(0)], [0, 2]],
  ["of other tasks", [zero(0), zero(0, 1), zero(0)], [0, 1, 2]],
  ["of another kind", [zero(0), none, none], [0, 1]],
  ["not where there is none", [null, null], []],
])("a fallback is told %s", (_, notes, told) => {
  const steps: number[] = [];
  const fallbacks = new Fallbacks((_, { step }) => steps.push(step));
  for (const [step, fallback] of notes.entries()) {
    fallbacks.note({ clock: { step, epoch: 0 }, phase: 0, epoch: 0, step }, fallback);
  }
  expect(steps).toEqual(told);
});

test("a run that goes on from an earlier state tells it anew", () => {
  let count = 0;
  const fallbacks = new Fallbacks(() => count++);
  const at = { clock: { step: 0, epoch: 0 }, phase: 0, epoch: 0, step: 0 };
  fallbacks.note(at, none);
  fallbacks.forget();
  fallbacks.note(at, none);
  expect(count).toBe(2);
});
