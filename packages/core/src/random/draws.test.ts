import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DrawKey, drawsFor } from "./draws.ts";

const words = (key: DrawKey, count = 9) => {
  const random = drawsFor(key);
  return Array.from({ length: count }, () => random.uint32());
};

const base: DrawKey = { seed: 7, purpose: "batches", task: "left", epoch: 3, step: 5 };

describe("the stream of a name", () => {
  test("does not change between releases", () => {
    // Computed by this implementation when it was written; a change here changes every run.
    expect(words(base, 4)).toEqual([0xf7b15440, 0x365f6662, 0x7b348b4a, 0x6a94130f]);
  });

  test("is the same whoever draws it", () => {
    expect(words(base)).toEqual(words({ ...base }));
  });

  test.each<[string, DrawKey]>([
    ["seed", { ...base, seed: 8 }],
    ["seed above 32 bits", { ...base, seed: 7 + 2 ** 32 }],
    ["seed of 53 bits", { ...base, seed: 7 + 2 ** 52 }],
    ["purpose", { ...base, purpose: "batchet" }],
    ["task", { ...base, task: "right" }],
    ["task of no name", { ...base, task: "" }],
    ["no task", { seed: 7, purpose: "batches", epoch: 3, step: 5 }],
    ["task moved into the purpose", { seed: 7, purpose: "batchesleft", epoch: 3, step: 5 }],
    ["epoch", { ...base, epoch: 4 }],
    ["step", { ...base, step: 6 }],
    ["epoch and step exchanged", { ...base, epoch: 5, step: 3 }],
  ])("is another one for another %s", (_, key) => {
    const own = new Set(words(base, 64));
    expect(words(key, 64).filter((word) => own.has(word))).toEqual([]);
  });
});

describe("draws", () => {
  test("uniform lies in [0, 1) with mean 1/2 and variance 1/12", () => {
    const random = drawsFor({ seed: 1, purpose: "test" });
    const values = Array.from({ length: 20000 }, () => random.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(moment(values, 1)).toBeCloseTo(0.5, 2);
    expect(moment(values, 2)).toBeCloseTo(1 / 3, 2);
  });

  test("normal has the moments of a standard normal", () => {
    const random = drawsFor({ seed: 1, purpose: "test" });
    const values = Array.from({ length: 40000 }, () => random.normal());
    // Standard errors are 0.005, 0.007 and 0.05.
    expect(Math.abs(moment(values, 1))).toBeLessThan(0.02);
    expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(0.2);
    expect(Math.abs(moment(pairs(values), 1))).toBeLessThan(0.02);
  });

  test("integer stays below its bound, for any bound to 2^32", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (bound, seed) => {
        const value = drawsFor({ seed, purpose: "test" }).integer(bound);
        return Number.isInteger(value) && value >= 0 && value < bound;
      }),
    );
  });

  test("integer is without bias where the plain remainder has much", () => {
    // 2^32 mod 3 * 2^30 = 2^30: the plain remainder falls below 2^30 half of the time, not a third.
    const random = drawsFor({ seed: 1, purpose: "test" });
    const draws = 9000;
    let low = 0;
    for (let i = 0; i < draws; i++) if (random.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(low / draws).toBeCloseTo(1 / 3, 1);
  });
});

const moment = (values: number[], power: number) =>
  values.reduce((sum, value) => sum + value ** power, 0) / values.length;

const pairs = (values: number[]) => values.slice(1).map((value, i) => value * values[i]!);
