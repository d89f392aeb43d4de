// What a head's outputs mean, as its loss reads them. Letters: D = outputs of a row, C = classes.

import { type LossName, lossOutputs } from "@trunkline/core";

/** One line of the output; `class` and `probability` where the loss says what outputs are. */
export interface Answer {
  row: number;
  /** As the model gives them: logits, where the loss wants logits. */
  output: number[];
  /** The most probable class; several where a row has several labels. */
  class?: number | number[];
  /** Of that class, or of yes. */
  probability?: number | number[];
}

type Meaning = Pick<Answer, "class" | "probability">;

/**
 * @param loss - As a run records it: a name, or `function NAME`.
 * @param classes - C, length of the outputs' last axis.
 */
export function meaningOf(loss: string, classes: number): (output: readonly number[]) => Meaning {
  // A user's own loss keeps to itself what its outputs are.
  const { labels } = loss.startsWith("function")
    ? { labels: "any" }
    : lossOutputs(loss as LossName);
  if (labels === "class") return (output) => mostProbable(output, classes);
  if (labels === "binary") return (output) => ({ probability: single(output.map(sigmoid)) });
  return () => ({});
}

function mostProbable(output: readonly number[], classes: number): Meaning {
  const found = Array.from({ length: output.length / classes }, (_, label) => {
    const logits = output.slice(label * classes, (label + 1) * classes);
    const highest = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0);
    return { class: logits.indexOf(highest), probability: 1 / sum };
  });
  return {
    class: single(found.map((label) => label.class)),
    probability: single(found.map((label) => label.probability)),
  };
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function single(values: number[]): number | number[] {
  return values.length === 1 ? values[0]! : values;
}
