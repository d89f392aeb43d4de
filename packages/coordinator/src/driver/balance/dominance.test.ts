import { expect, test } from "vitest";
import { dominanceOf } from "./dominance.ts";

test("shares are by layer and sum to 1 over the tasks; nobody dominates where nobody moved", () => {
  expect(dominanceOf({ left: [1, 0, 3], right: [3, 0, 1] })).toEqual({
    left: [0.25, 0.5, 0.75],
    right: [0.75, 0.5, 0.25],
  });
});
