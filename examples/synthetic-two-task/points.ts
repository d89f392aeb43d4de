// Points of the square [-1, 1]^2 and the two questions about them. Letters: N = points.

import { arrayDataset, type Dataset, type Random } from "@trunkline/core";

/** The answers, 0 or 1, by task. */
export const insides: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  disc: (x, y) => x ** 2 + y ** 2 <= 0.5 ** 2,
  diamond: (x, y) => Math.abs(x) + Math.abs(y) <= 1,
};

/** `size` points, uniform over the square, with labels for both tasks. */
export function pointsDataset(size: number, draw: Random): Dataset {
  const inputs = Float32Array.from({ length: 2 * size }, () => 2 * draw.uniform() - 1);
  const labels = Object.entries(insides).map(([task, inside]) => {
    const label = (_: unknown, n: number) => Number(inside(inputs[2 * n]!, inputs[2 * n + 1]!));
    return [task, Uint8Array.from({ length: size }, label)];
  });
  return arrayDataset({ inputs, inputShape: [2], labels: Object.fromEntries(labels) });
}
