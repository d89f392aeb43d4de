import { expect, test } from "vitest";
import { rowsOf, summaryOf } from "./summary.ts";
import { type Comparison, comparisonMarkdown, comparisonText } from "./table.ts";
import { done, failed, measures } from "./test-outcomes.ts";

function comparison(seeds: number, outcomes: Parameters<typeof rowsOf>[0]): Comparison {
  const rows = rowsOf(outcomes, measures).map(summaryOf);
  const gridPoints = rows.filter(({ kind }) => kind === "fixed").length;
  return { experiment: "digits", measures, split: "test", seeds, workers: 2, rows, gridPoints };
}

const one = [
  done(["single", "left", 0], { left: 0.5 }),
  done(["single", "right", 0], { right: 2 }),
  done(["fixed", "left 1.33, right 0.67", 0], { left: 0.6, right: 2 }),
  done(["method", "pcgrad", 0], { left: 0.5, right: 3, conflicts: 0.125 }),
  failed(["method", "log", 0]),
];

test("one seed: figures with their units, and a method that failed says so", () => {
  const lines = comparisonText(comparison(1, one)).split("\n");
  expect(lines.slice(0, 7)).toEqual([
    "digits: methods compared, 1 seed, 2 workers",
    "",
    "method                                       left accuracy ↑  right loss ↓  gain [%]  conflicts [%]  time [s]  bytes [MB]",
    "single-task                                           0.5000        2.0000      0.00              -       4.0       6.000",
    "fixed (best of grid: left 1.33, right 0.67)           0.6000        2.0000    +10.00              -       2.0       3.000",
    "pcgrad                                                0.5000        3.0000    -25.00           12.5       2.0       3.000",
    "log                                                   failed             -         -              -         -           -",
  ]);
  expect(lines.at(-1)).toBe('log failed with seed 0: run/not-finite: The loss of "left" is NaN.');
});

const two = [0, 1].flatMap((seed) => [
  done(["single", "left", seed], { left: 0.5 }),
  done(["single", "right", seed], { right: 2 }),
  done(["method", "ew", seed], { left: 0.5 + 0.1 * seed, right: 2 }),
]);

test("several seeds: means and deviations, and how many seeds there were", () => {
  const text = comparisonText(comparison(3, [...two, failed(["method", "ew", 2])]));
  expect(text).toMatch(
    /ew \(2 of 3 seeds\) +0\.5500 ± 0\.0707 +2\.0000 ± 0\.0000 +\+5\.00 ± 7\.07 /,
  );
  expect(text).toContain("sample standard deviations");
});

test("Markdown has the same table with a rule under its head", () => {
  const lines = comparisonMarkdown(comparison(1, one)).split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "# digits: methods compared, 1 seed, 2 workers",
    "",
    "| method | left accuracy ↑ | right loss ↓ | gain [%] | conflicts [%] | time [s] | bytes [MB] |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    "| single-task | 0.5000 | 2.0000 | 0.00 | - | 4.0 | 6.000 |",
  ]);
});
