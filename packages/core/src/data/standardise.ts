// Inputs of zero mean and unit variance. What is fitted on train is a value: it is applied to every split
// and exported with the model.

import { chunksOf } from "./chunks.ts";
import type { Batch, Dataset } from "./dataset.ts";
import { shapesOf } from "./subset.ts";

/** Per feature of the input's last axis. */
export interface Standardisation {
  mean: Float32Array;
  /** Never 0: a feature that does not vary has 1. */
  deviation: Float32Array;
}

/** Count, mean and sum of squared deviations, per feature. */
interface Moments {
  count: number;
  mean: Float64Array;
  squares: Float64Array;
}

/**
 * Mean and standard deviation (of the population, divided by n) per last-axis feature, over all samples
 * and all other axes. In float64 and in a fixed order: two passes over each chunk, then chunks merged
 * by Chan, Golub and LeVeque (1979, "Updating formulae and a pairwise algorithm for computing sample
 * variances", equation 2.1), so that the data is read once.
 */
export async function fitStandardisation(train: Dataset): Promise<Standardisation> {
  const features = train.inputShape.at(-1) ?? 1;
  const total = emptyMoments(features);
  for await (const { batch } of chunksOf(train)) merge(total, momentsOf(batch.inputs, features));
  const deviation = Float32Array.from(total.squares, (sum) => Math.sqrt(sum / total.count));
  return {
    mean: Float32Array.from(total.mean),
    deviation: deviation.map((value) => (value > 0 ? value : 1)),
  };
}

/** `dataset` with (x - mean) / deviation in place of each input. */
export function standardised(dataset: Dataset, standardisation: Standardisation): Dataset {
  const apply = (batch: Batch): Batch => {
    standardiseInPlace(batch.inputs, standardisation);
    return batch;
  };
  return {
    ...shapesOf(dataset),
    batch(indices, context) {
      const batch = dataset.batch(indices, context);
      return "then" in batch ? batch.then(apply) : apply(batch);
    },
  };
}

function standardiseInPlace(inputs: Float32Array, { mean, deviation }: Standardisation): void {
  const features = mean.length;
  for (let start = 0; start < inputs.length; start += features) {
    for (let f = 0; f < features; f++) {
      inputs[start + f] = (inputs[start + f]! - mean[f]!) / deviation[f]!;
    }
  }
}

function emptyMoments(features: number): Moments {
  return { count: 0, mean: new Float64Array(features), squares: new Float64Array(features) };
}

/** Of the rows of `inputs`, each `features` long. Constant float32 features get exactly 0 squares. */
function momentsOf(inputs: Float32Array, features: number): Moments {
  const moments = emptyMoments(features);
  const { mean, squares } = moments;
  moments.count = inputs.length / features;
  for (let start = 0; start < inputs.length; start += features) {
    for (let f = 0; f < features; f++) mean[f]! += inputs[start + f]!;
  }
  for (let f = 0; f < features; f++) mean[f]! /= moments.count;
  for (let start = 0; start < inputs.length; start += features) {
    for (let f = 0; f < features; f++) squares[f]! += (inputs[start + f]! - mean[f]!) ** 2;
  }
  return moments;
}

function merge(total: Moments, part: Moments): void {
  const count = total.count + part.count;
  for (let f = 0; f < total.mean.length; f++) {
    const apart = part.mean[f]! - total.mean[f]!;
    total.mean[f]! += (apart * part.count) / count;
    total.squares[f]! += part.squares[f]! + (apart ** 2 * total.count * part.count) / count;
  }
  total.count = count;
}
