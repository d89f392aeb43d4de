import { describe, expect, test } from "vitest";
import { drawsFor } from "../../random/draws.ts";
import { directionOf, expectClose, goldenRows, weighOnce } from "../test-views.ts";
import { type CagradOptions, cagrad, cagradDefinition } from "./cagrad.ts";

const make = (options: CagradOptions = {}) => cagradDefinition.make(cagrad(options));
const mean = directionOf(goldenRows, [1 / 3, 1 / 3, 1 / 3]);
const worstProgress = (direction: readonly number[]) =>
  Math.min(
    ...goldenRows.map((row) =>
      directionOf([direction], [1]).reduce((sum, d, i) => sum + d * row[i]!, 0),
    ),
  );

describe("cagrad", () => {
  test("c 0 is the mean gradient", () => {
    expectClose(weighOnce(make({ c: 0 }), goldenRows).weights, [1 / 3, 1 / 3, 1 / 3], 1e-12);
  });

  test("goes c of the mean's length from it, where no sampled direction helps the worst task more", () => {
    const c = 0.4;
    const direction = directionOf(
      goldenRows,
      weighOnce(make({ c, rescale: 0 }), goldenRows).weights,
    );
    const away = Math.hypot(...direction.map((d, i) => d - mean[i]!));
    const radius = c * Math.hypot(...mean);
    expect(away).toBeCloseTo(radius, 6);
    const random = drawsFor({ seed: 1, purpose: "test" });
    for (let sample = 0; sample < 2000; sample++) {
      const noise = mean.map(() => random.normal());
      const length = Math.hypot(...noise);
      const other = mean.map((value, i) => value + (radius * noise[i]!) / length);
      expect(worstProgress(other)).toBeLessThanOrEqual(worstProgress(direction) + 1e-6);
    }
  });

  test("the rescalings divide the direction", () => {
    const [plain, one, two] = ([0, 1, 2] as const).map(
      (rescale) => weighOnce(make({ rescale }), goldenRows).weights,
    );
    expectClose(
      one!,
      plain!.map((weight) => weight / 1.16),
      1e-12,
    );
    expectClose(
      two!,
      plain!.map((weight) => weight / 1.4),
      1e-12,
    );
  });
});
