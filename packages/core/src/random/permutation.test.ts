import fc from "fast-check";
import { expect, test } from "vitest";
import { drawsFor } from "./draws.ts";
import { permutation } from "./permutation.ts";

test("a permutation holds each index once", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(), (length, seed) => {
      const order = permutation(length, drawsFor({ seed, purpose: "test" }));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
    }),
  );
});

test("all orders of three are equally likely", () => {
  const random = drawsFor({ seed: 3, purpose: "test" });
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = permutation(3, random).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  // The standard deviation of a count is 29.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
