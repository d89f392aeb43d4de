// Inputs and the two numbers that are asked of them. Letters: N = samples, D = inputs of a sample.

import { arrayDataset, type Dataset, type Random } from "@trunkline/core";

/** D */
export const inputSize = 16;

/** Standard deviation of what nobody can predict, in both labels; their predictable part has variance 1. */
export const noise = 0.3;

/** What each label depends on: directions of unit length with the inner product -0.5. */
export const directions = {
  loud: direction((d) => (d < 8 ? 1 : 0)),
  faint: direction((d) => (d < 8 ? -0.5 : Math.sqrt(0.75))),
} as const;

/** `[D]`; both halves of the inputs have 8 entries. */
function direction(entry: (d: number) => number): Float64Array {
  return Float64Array.from({ length: inputSize }, (_, d) => entry(d) / Math.sqrt(8));
}

/** `size` samples; inputs standard normal, labels linear in them. */
export function samples(size: number, draw: Random): Dataset {
  const inputs = Float32Array.from({ length: size * inputSize }, () => draw.normal());
  const label = (along: Float64Array) =>
    Float32Array.from({ length: size }, (_, n) => {
      const exact = along.reduce((sum, entry, d) => sum + entry * inputs[n * inputSize + d]!, 0);
      return exact + noise * draw.normal();
    });
  return arrayDataset({
    inputs,
    inputShape: [inputSize],
    labels: { loud: label(directions.loud), faint: label(directions.faint) },
  });
}
