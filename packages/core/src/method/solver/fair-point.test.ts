import { describe, expect, test } from "vitest";
import { drawsFor } from "../../random/draws.ts";
import { expectClose, gramOf } from "../test-views.ts";
import { fairPoint } from "./fair-point.ts";
import { rescale, timesVector } from "./gram.ts";

/** Cosines of random vectors; a third of the pairs nearly opposed. */
function randomCosines(seed: number): Float64Array[] {
  const random = drawsFor({ seed, purpose: "test" });
  const size = 2 + random.integer(12);
  const rows: number[][] = [];
  for (let k = 0; k < size; k++) {
    const fresh = Array.from({ length: 24 }, () => random.normal());
    const opposed = k > 0 && random.uniform() < 0.3;
    rows.push(opposed ? rows[k - 1]!.map((value, i) => 0.1 * fresh[i]! - value) : fresh);
  }
  const gram = gramOf(rows);
  const cosines = rescale(
    gram,
    gram.map((row, k) => 1 / Math.sqrt(row[k]!)),
  );
  for (let k = 0; k < size; k++) cosines[k]![k] = 1;
  return cosines;
}

describe("fair point", () => {
  test.each([0.1, 0.5, 1, 2, 4])("meets its equations with the exponent %f", (exponent) => {
    for (let seed = 0; seed < 40; seed++) {
      const cosines = randomCosines(seed);
      const scales = Float64Array.from(cosines, (_, k) => 10 ** ((k % 5) - 2));
      const y = fairPoint({ cosines, scales: exponent === 1 ? scales.fill(1) : scales, exponent })!;
      expect(y, `seed ${seed}`).toBeDefined();
      const gains = timesVector(cosines, y);
      gains.forEach((gain, k) => {
        const wanted = scales[k]! * (y[k]! / scales[k]!) ** -exponent;
        const size = cosines[k]!.reduce((sum, value, j) => sum + Math.abs(value) * y[j]!, 0);
        expect(Math.abs(gain - wanted) / size, `seed ${seed}`).toBeLessThan(1e-9);
      });
    }
  });

  test.each([1e-6, 1e-9, 3e-10])("two that cancel but for %f of their length have one", (rest) => {
    const cosine = rest - 1;
    const cosines = [Float64Array.of(1, cosine), Float64Array.of(cosine, 1)];
    const y = fairPoint({ cosines, scales: Float64Array.of(1, 1), exponent: 1 });
    const wanted = Math.sqrt(1 / (1 + cosine));
    expectClose(
      y!.map((value) => value / wanted),
      [1, 1],
    );
  });

  test("orthogonal vectors are at the start", () => {
    const cosines = [Float64Array.of(1, 0), Float64Array.of(0, 1)];
    expect([...fairPoint({ cosines, scales: Float64Array.of(1, 2), exponent: 2 })!]).toEqual([
      1, 2,
    ]);
  });

  test("there is none where vectors cancel", () => {
    const cosines = [Float64Array.of(1, -1), Float64Array.of(-1, 1)];
    const scales = Float64Array.of(1, 1);
    expect(fairPoint({ cosines, scales, exponent: 1 })).toBeUndefined();
  });
});
