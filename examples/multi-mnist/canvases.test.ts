import { drawsFor } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { canvasEdge, makeCanvases } from "./canvases.ts";
import { type Digits, digitEdge } from "./digits.ts";

const area = digitEdge ** 2;

/** Ten digits, each a full square of its own brightness: digit d has 10 (d + 1). */
const squares: Digits = {
  images: Uint8Array.from({ length: 10 * area }, (_, i) => 10 * (Math.floor(i / area) + 1)),
  labels: Uint8Array.from({ length: 10 }, (_, d) => d),
};

function make({ size = 50, jitter = 2, seed = 1 } = {}) {
  const draw = drawsFor({ seed, purpose: "pairs" });
  const shift = drawsFor({ seed, purpose: "offsets" });
  return makeCanvases(squares, { size, jitter }, { draw, shift });
}

/** Rows and columns between which a canvas has pixels of that value or more. */
function extent(image: Uint8Array, least: number) {
  const at = [...image.keys()].filter((i) => image[i]! >= least);
  const rows = at.map((i) => Math.floor(i / canvasEdge));
  const columns = at.map((i) => i % canvasEdge);
  return {
    top: Math.min(...rows),
    bottom: Math.max(...rows),
    left: Math.min(...columns),
    right: Math.max(...columns),
  };
}

describe("a canvas", () => {
  test("without jitter has the left digit in one corner, the right one in the other", () => {
    const { images, left, right } = make({ jitter: 0 });
    const pixels = canvasEdge ** 2;
    for (let n = 0; n < left.length; n++) {
      const image = images.subarray(n * pixels, (n + 1) * pixels);
      expect(image[0]).toBe(10 * (left[n]! + 1));
      expect(image.at(-1)).toBe(10 * (right[n]! + 1));
      // Both digits cover the middle: the brighter one shows.
      expect(image[18 * canvasEdge + 18]).toBe(10 * (Math.max(left[n]!, right[n]!) + 1));
      expect(image[canvasEdge - 1]).toBe(0);
    }
  });

  test("with jitter j has each digit at most j pixels off its corner, and all offsets occur", () => {
    const { images, left, right } = make({ jitter: 2, size: 400 });
    const pixels = canvasEdge ** 2;
    const seen = new Set<string>();
    for (let n = 0; n < left.length; n++) {
      if (left[n] === right[n]) continue;
      const image = images.subarray(n * pixels, (n + 1) * pixels);
      // The brighter digit hides nothing of itself.
      const least = 10 * (Math.max(left[n]!, right[n]!) + 1);
      const { top, bottom, left: first, right: last } = extent(image, least);
      expect([bottom - top + 1, last - first + 1]).toEqual([digitEdge, digitEdge]);
      const side = left[n]! > right[n]! ? "left" : "right";
      seen.add(`${side} ${top} ${first}`);
    }
    const offsets = (side: string, corner: number) =>
      [0, 1, 2].flatMap((r) => [0, 1, 2].map((c) => `${side} ${corner + r} ${corner + c}`));
    expect([...seen].sort()).toEqual([...offsets("left", 0), ...offsets("right", 6)].sort());
  });

  test("is a function of the seed, and of nothing else", () => {
    expect(make()).toEqual(make());
    expect(make({ seed: 2 }).images).not.toEqual(make().images);
    const few = make({ size: 20 });
    expect(make({ size: 50 }).images.subarray(0, few.images.length)).toEqual(few.images);
    expect(make({ jitter: 5 }).left).toEqual(make().left);
  });
});

test("every digit is used once on each side before one is used again", () => {
  const { left, right } = make({ size: 25 });
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  for (const side of [left, right]) {
    expect([...side.subarray(0, 10)].sort()).toEqual(all);
    expect([...side.subarray(10, 20)].sort()).toEqual(all);
  }
  expect(left.subarray(0, 10)).not.toEqual(left.subarray(10, 20));
  expect(left).not.toEqual(right);
});
