import { describe, expect, test } from "vitest";
import { cosinesOf, type Present, weighPresent } from "./present.ts";
import { viewOf } from "./test-views.ts";

function seen(rows: number[][], weights: number[] = rows.map((_, k) => k + 1)) {
  let present: Present | undefined;
  const weighed = weighPresent({ kept: [1] }, viewOf(rows), (tasks) => {
    present = tasks;
    return { weights };
  });
  return { present, weighed };
}

describe("tasks that are present", () => {
  test("all of them, with their products scaled to the longest", () => {
    const { present, weighed } = seen([
      [3, 4],
      [0, 10],
    ]);
    expect(present!.tasks).toEqual([0, 1]);
    expect(present!.scale).toBe(100);
    expect([...present!.norms]).toEqual([expect.closeTo(0.5, 14), expect.closeTo(1, 14)]);
    expect(cosinesOf(present!).map((row) => [...row])).toEqual([
      [1, expect.closeTo(0.8, 14)],
      [expect.closeTo(0.8, 14), 1],
    ]);
    expect(weighed).toEqual({ state: { kept: [1] }, weights: [1, 2] });
  });

  test.each([
    ["zero", [0, 0]],
    ["a trillion times shorter than the longest", [1e-13, 0]],
  ])("not one whose gradient is %s: it gets weight 0, and is reported", (_, row) => {
    const { present, weighed } = seen([[1, 0], row, [0, 1]], [5, 6]);
    expect(present!.tasks).toEqual([0, 2]);
    expect(weighed.weights).toEqual([5, 0, 6]);
    expect(weighed.fallback).toEqual({
      kind: "zeroGradient",
      tasks: [1],
      instead: "it is left out of this step",
    });
  });

  test("a short gradient among short ones is present", () => {
    expect(seen([[1e-13], [2e-13]]).present!.tasks).toEqual([0, 1]);
  });

  test("none: each task has weight 1, and the method is not asked", () => {
    const { present, weighed } = seen([[0], [0]]);
    expect(present).toBeUndefined();
    expect(weighed.weights).toEqual([1, 1]);
    expect(weighed.fallback).toMatchObject({ kind: "zeroGradient", tasks: [0, 1] });
    expect(weighed.state).toEqual({ kept: [1] });
  });

  test("a method without a solution is reported, with the tasks that it saw", () => {
    const weighed = weighPresent({}, viewOf([[1], [0], [-1]]), () => ({
      weights: [1, 1],
      instead: "ones were used",
      state: { moved: [1] },
    }));
    expect(weighed).toEqual({
      state: { moved: [1] },
      weights: [1, 0, 1],
      fallback: { kind: "noSolution", tasks: [0, 2], instead: "ones were used" },
    });
  });
});
