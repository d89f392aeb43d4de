// Part of a dataset, without copying it.

import type { Dataset } from "./dataset.ts";

/** The samples `indices` of `dataset`, in that order; copies the indices. */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const chosen = Uint32Array.from(indices);
  return {
    ...shapesOf(dataset),
    size: chosen.length,
    batch: (positions, context) => {
      const own = new Uint32Array(positions.length);
      for (let i = 0; i < own.length; i++) own[i] = chosen[positions[i]!]!;
      return dataset.batch(own, context);
    },
  };
}

/** What a dataset has besides its batches. */
export function shapesOf(dataset: Dataset): Omit<Dataset, "batch"> {
  const { size, inputShape, labelShapes, augments = false } = dataset;
  return { size, inputShape, labelShapes, augments };
}
