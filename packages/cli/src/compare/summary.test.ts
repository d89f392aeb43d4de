import { describe, expect, test } from "vitest";
import { bestOf, gainOver, rowsOf, summaryOf } from "./summary.ts";
import { done, failed, measures } from "./test-outcomes.ts";

const alone = [
  done(["single", "left", 0], { left: 0.5 }),
  done(["single", "right", 0], { right: 2 }),
  done(["single", "left", 1], { left: 0.8 }),
  done(["single", "right", 1], { right: 4 }),
];

describe("the gain over tasks alone", () => {
  const gain = (left: number, right: number) =>
    gainOver({ left: 0.5, right: 2 }, { left, right }, measures);

  test("is positive where a task is better, whichever way its measure improves", () => {
    expect(gain(0.6, 2)).toBeCloseTo(0.1, 12);
    expect(gain(0.5, 1.6)).toBeCloseTo(0.1, 12);
    expect(gain(0.4, 2.4)).toBeCloseTo(-0.2, 12);
  });

  test("keeps its sign where the figure alone is negative", () => {
    const [measure] = measures;
    expect(gainOver({ left: -2 }, { left: -1 }, [measure!])).toBeCloseTo(0.5, 12);
  });

  test("is unknown where the figure alone is 0 or missing", () => {
    expect(gainOver({ left: 0, right: 2 }, { left: 0, right: 2 }, measures)).toBeUndefined();
    expect(gainOver({ left: 1 }, { left: 1, right: 2 }, measures)).toBeUndefined();
  });
});

test("a method is held against the tasks alone with the same seed", () => {
  const method = [
    done(["method", "mao", 0], { left: 0.6, right: 2 }),
    done(["method", "mao", 1], { left: 0.8, right: 2 }),
  ];
  const [, row] = rowsOf([...alone, ...method], measures);
  const { gain, tasks } = summaryOf(row!);
  // 10 % with seed 0 and 25 % with seed 1.
  expect(gain!.mean).toBeCloseTo(0.175, 12);
  expect(gain!.sd).toBeCloseTo(0.15 / Math.SQRT2, 12);
  expect(tasks.left!.mean).toBeCloseTo(0.7, 12);
});

test("single tasks are one row, whose cost is all of its runs'", () => {
  const [row] = rowsOf(alone, measures);
  const { name, seeds, seconds, bytes, gain, tasks } = summaryOf(row!);
  expect([name, seeds, gain]).toEqual(["single-task", 2, { mean: 0, sd: 0 }]);
  expect([seconds!.mean, bytes!.mean, tasks.right!.mean]).toEqual([4, 6_000_000, 3]);
});

test("with one seed there is no deviation, and conflicts nobody saw are no figure", () => {
  const outcome = done(["method", "ew", 0], { left: 0.5, right: 2 });
  const { conflicts, tasks } = summaryOf(rowsOf([...alone, outcome], measures)[1]!);
  expect(conflicts).toBeUndefined();
  expect(tasks.left).toEqual({ mean: 0.5, sd: undefined });
});

test("a run that failed leaves the figures of the other seeds", () => {
  const outcomes = [
    failed(["method", "log", 0]),
    done(["method", "log", 1], { left: 0.8, right: 4, conflicts: 0.25 }),
  ];
  const summary = summaryOf(rowsOf([...alone, ...outcomes], measures)[1]!);
  expect(summary).toMatchObject({
    seeds: 1,
    gain: { mean: 0 },
    conflicts: { mean: 0.25 },
    failures: [{ seed: 0, code: "run/not-finite" }],
  });
});

test("where a task alone failed, that seed has no gain", () => {
  const broken = [alone[0]!, failed(["single", "right", 0]), ...alone.slice(2)];
  const method = [0, 1].map((seed) => done(["method", "ew", seed], { left: 0.4, right: 4 }));
  const [single, row] = rowsOf([...broken, ...method], measures);
  expect(summaryOf(single!)).toMatchObject({ seeds: 1, failures: [{ seed: 0 }] });
  expect(row!.courses.map(({ gain }) => gain)).toEqual([undefined, -0.25]);
});

test("of a grid the point with the highest mean gain is best", () => {
  const outcomes = [
    done(["fixed", "a", 0], { left: 0.5, right: 2 }),
    done(["fixed", "b", 0], { left: 0.6, right: 2 }),
    failed(["fixed", "c", 0]),
  ];
  const rows = rowsOf([...alone, ...outcomes], measures).filter(({ kind }) => kind === "fixed");
  expect(bestOf(rows)!.name).toBe("b");
  expect(bestOf([])).toBeUndefined();
});
