// The three splits of a run's data. A missing validation split is drawn from train; a missing test split
// stays missing.

import { ExperimentError } from "../errors.ts";
import { drawsFor } from "../random/draws.ts";
import { permutation } from "../random/permutation.ts";
import type { Dataset, Splits } from "./dataset.ts";
import { subset } from "./subset.ts";

export interface CompleteSplits {
  train: Dataset;
  validation: Dataset;
  test?: Dataset;
  standardise: boolean;
}

export interface CompleteSplitsOptions {
  /** The run's seed. */
  seed: number;
  /** Where the task has its own data. @default none: data that tasks share */
  task?: string;
}

const validationShare = 0.1;

/**
 * Splits with a validation split: 10 % of train, at least one sample, where it is missing. It depends on
 * seed, task and the size of train only, and both parts keep train's order.
 *
 * @throws ExperimentError `data/empty` if train has fewer than two samples to divide.
 */
export function completeSplits(splits: Splits, options: CompleteSplitsOptions): CompleteSplits {
  const { train, validation, test, standardise = false } = splits;
  const parts = validation === undefined ? divided(train, options) : { train, validation };
  return { ...parts, ...(test && { test }), standardise };
}

function divided(train: Dataset, { seed, task }: CompleteSplitsOptions) {
  if (train.size < 2) throw tooSmall(train.size, task);
  const draw = drawsFor({ seed, purpose: "validation", ...(task !== undefined && { task }) });
  const order = permutation(train.size, draw);
  const share = Math.max(1, Math.floor(train.size * validationShare));
  return {
    train: subset(train, order.slice(share).sort()),
    validation: subset(train, order.slice(0, share).sort()),
  };
}

function tooSmall(size: number, task: string | undefined) {
  return new ExperimentError([
    {
      path: task === undefined ? "data.train" : `tasks.${task}.data.train`,
      code: "data/empty",
      message: `A validation split cannot be drawn from ${size} sample${size === 1 ? "" : "s"}.`,
      remedy: "Give more training samples or a validation split.",
    },
  ]);
}
