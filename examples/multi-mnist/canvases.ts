// Images of two digits each: canvases of 36 × 36 pixels on which a left and a right digit overlap. What is
// asked about them is `tasks.ts`'s business. Letters: N = canvases, j = jitter.

import { permutation, type Random } from "@trunkline/core";
import { type Digits, digitEdge } from "./digits.ts";

/** Pixels along an edge of a canvas. */
export const canvasEdge = 36;

/** How far a digit can be moved, right or down. */
export const room = canvasEdge - digitEdge;

export interface Canvases {
  /** `[N, 36 * 36]`. */
  readonly images: Uint8Array;
  /** The left digit of each, `[N]`. */
  readonly left: Uint8Array;
  /** The right digit of each, `[N]`. */
  readonly right: Uint8Array;
}

export interface CanvasOptions {
  size: number;
  /** Pixels by which a digit may be off its corner, in each direction; at most {@link room}. */
  jitter: number;
}

/**
 * Canvases as the larger of two digits at each pixel: the left one with its corner at row and column
 * 0 … j, the right one at 8 - j … 8. On each side every digit is used once before one is used again.
 * The first canvases of a larger `size` are those of a smaller one.
 *
 * @param draw - Draws pairs.
 * @param shift - Draws offsets; a stream of its own, so that pairs don't depend on the jitter.
 */
export function makeCanvases(
  digits: Digits,
  { size, jitter }: CanvasOptions,
  { draw, shift }: { draw: Random; shift: Random },
): Canvases {
  const images = new Uint8Array(size * canvasEdge ** 2);
  const left = new Uint8Array(size);
  const right = new Uint8Array(size);
  const count = digits.labels.length;
  let lefts: ArrayLike<number> = [];
  let rights: ArrayLike<number> = [];
  for (let n = 0; n < size; n++) {
    if (n % count === 0) {
      lefts = permutation(count, draw);
      rights = permutation(count, draw);
    }
    const a = lefts[n % count]!;
    const b = rights[n % count]!;
    left[n] = digits.labels[a]!;
    right[n] = digits.labels[b]!;
    const offset = () => shift.integer(jitter + 1);
    const canvas = images.subarray(n * canvasEdge ** 2, (n + 1) * canvasEdge ** 2);
    paint(canvas, pixelsOf(digits, a), { row: offset(), column: offset() });
    paint(canvas, pixelsOf(digits, b), { row: room - offset(), column: room - offset() });
  }
  return { images, left, right };
}

function pixelsOf({ images }: Digits, index: number): Uint8Array {
  return images.subarray(index * digitEdge ** 2, (index + 1) * digitEdge ** 2);
}

/** Raises pixels of the canvas to those of a digit with its corner at that place. */
function paint(canvas: Uint8Array, digit: Uint8Array, at: { row: number; column: number }): void {
  for (let row = 0; row < digitEdge; row++) {
    const to = (at.row + row) * canvasEdge + at.column;
    const from = row * digitEdge;
    for (let column = 0; column < digitEdge; column++) {
      const value = digit[from + column]!;
      if (value > canvas[to + column]!) canvas[to + column] = value;
    }
  }
}
