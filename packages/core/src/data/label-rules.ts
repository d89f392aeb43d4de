// What single values of a dataset should be, and what to do about one that is not.

import type { Problem } from "../errors.ts";

/** What the labels of a task should be. */
export interface LabelRules {
  /** Outputs of the head in all; a single class label is below it. */
  outputSize: number;
  /** Class indices or rows of probabilities; numbers from 0 to 1; or any finite numbers. */
  labels: "class" | "binary" | "real";
  /** Whether NaN is a missing label. */
  missing: boolean;
}

/** What is wrong with a value; `should` completes *Labels should be* … */
export interface Fault extends Pick<Problem, "code" | "remedy"> {
  should: string;
}

export type FaultOf = (value: number) => Fault | undefined;

const notFinite: Fault = {
  code: "data/not-finite",
  should: "finite",
  remedy: "Replace or leave out samples with NaN or infinity.",
};

const missingLabel: Fault = {
  code: "data/not-finite",
  should: "finite",
  remedy: "Leave the sample out, or set `missingLabels: true` if NaN means a missing label.",
};

export const faultOfFinite: FaultOf = (value) => (Number.isFinite(value) ? undefined : notFinite);

/** The rule of a task's labels. */
export function faultOfLabel({ labels, outputSize, missing }: LabelRules): FaultOf {
  const range = rangeFault(labels, outputSize);
  return (value) => {
    if (Number.isNaN(value)) return missing ? undefined : missingLabel;
    if (!Number.isFinite(value)) return notFinite;
    if (labels === "real") return undefined;
    const whole = labels === "binary" || Number.isInteger(value);
    const most = labels === "binary" ? 1 : outputSize - 1;
    return whole && value >= 0 && value <= most ? undefined : range;
  };
}

function rangeFault(labels: LabelRules["labels"], outputSize: number): Fault {
  const code = "data/label-range";
  if (labels === "binary") {
    return { code, should: "from 0 to 1", remedy: "Give 0 and 1, or probabilities, as labels." };
  }
  return {
    code,
    should: `whole numbers from 0 to ${outputSize - 1}`,
    remedy: "Count classes from 0, and give the head one output per class.",
  };
}
