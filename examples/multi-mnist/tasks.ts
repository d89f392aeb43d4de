// What can be asked about two digits: up to eight tasks on the same pixels, some related to each other and
// some in conflict. Letters: l, r = the left and the right digit.

import type { Canvases } from "./canvases.ts";

export interface Question {
  /** Classes of the answer; yes or no is one output. */
  readonly outputs: number;
  answer(l: number, r: number): number;
}

const yesOrNo = (answer: (l: number, r: number) => boolean): Question => ({
  outputs: 1,
  answer: (l, r) => Number(answer(l, r)),
});

/** In the order in which an experiment of that many tasks takes them. */
export const questions: Readonly<Record<string, Question>> = {
  left: { outputs: 10, answer: (l) => l },
  right: { outputs: 10, answer: (_, r) => r },
  leftParity: yesOrNo((l) => l % 2 === 1),
  rightParity: yesOrNo((_, r) => r % 2 === 1),
  leftHigh: yesOrNo((l) => l >= 5),
  sum: { outputs: 19, answer: (l, r) => l + r },
  same: yesOrNo((l, r) => l === r),
  leftGreater: yesOrNo((l, r) => l > r),
};

export function answersTo({ answer }: Question, { left, right }: Canvases): Uint8Array {
  return left.map((l, n) => answer(l, right[n]!));
}
