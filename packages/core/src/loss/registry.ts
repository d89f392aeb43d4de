// The losses by name: which function a task's options mean, and what labels and outputs it wants,
// so that nobody else asks a loss for its name.

import { huber } from "./huber.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import type { LabelKind, LossFunction, LossName } from "./names.ts";
import { sigmoidCrossEntropy } from "./sigmoid-cross-entropy.ts";
import { softmaxCrossEntropy } from "./softmax-cross-entropy.ts";

/** What a loss wants of its task. */
export interface LossOutputs {
  labels: LabelKind;
  /** Fewest outputs D of the head. */
  minOutputs: number;
  /** Whether `classWeights` (one per output) means something to it. */
  classWeights: boolean;
  /** Whether `positiveWeight` means something to it. */
  positiveWeight: boolean;
}

export interface LossChoice {
  loss: LossName | LossFunction;
  /** Weight of each class `[D]`, by index; only where {@link LossOutputs.classWeights}. */
  classWeights?: readonly number[] | undefined;
  /** Weight of the positive term; only where {@link LossOutputs.positiveWeight}. */
  positiveWeight?: number | undefined;
}

interface Entry extends LossOutputs {
  make(choice: LossChoice): LossFunction;
}

const none = { minOutputs: 1, classWeights: false, positiveWeight: false };

const losses: Readonly<Record<LossName, Entry>> = {
  softmaxCrossEntropy: {
    ...none,
    labels: "class",
    minOutputs: 2,
    classWeights: true,
    make: softmaxCrossEntropy,
  },
  sigmoidCrossEntropy: {
    ...none,
    labels: "binary",
    positiveWeight: true,
    make: sigmoidCrossEntropy,
  },
  meanSquaredError: { ...none, labels: "real", make: () => meanSquaredError },
  meanAbsoluteError: { ...none, labels: "real", make: () => meanAbsoluteError },
  huber: { ...none, labels: "real", make: () => huber() },
};

/** What `loss` wants of labels and outputs; a user's own function takes any. */
export function lossOutputs(loss: LossName | LossFunction): LossOutputs {
  if (typeof loss === "function") return { ...none, labels: "any" };
  const { make: _, ...outputs } = losses[loss];
  return outputs;
}

/** The function that a task's options mean. */
export function lossOf(choice: LossChoice): LossFunction {
  return typeof choice.loss === "function" ? choice.loss : losses[choice.loss].make(choice);
}
