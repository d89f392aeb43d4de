// What every method over the Gram matrix has in common: tasks without a gradient are left out, and the
// method sees the others at a scale that does not depend on the losses' units.
// Letters: M = tasks, K = tasks that are present, G = Gram matrix, n = norms.

import type { Fallback, Matrix, MethodState, StepView, Weighed } from "./method.ts";
import { diagonal, rescale, restrict } from "./solver/gram.ts";

/** A task whose squared norm is below this share of the largest counts as absent: n_k < 1e-12 max n. */
const absentShare = 1e-24;

/** The tasks that have a gradient; K is at least 1. */
export interface Present {
  /** Their indices among all tasks, ascending, `[K]`. */
  readonly tasks: readonly number[];
  /** G / scale over these tasks, `[K, K]`; its largest diagonal entry is 1. */
  readonly gram: Matrix;
  /** n / sqrt(scale), `[K]`, positive. */
  readonly norms: Float64Array;
  /** The largest diagonal entry of G. */
  readonly scale: number;
}

export interface Solution {
  /** alpha over the tasks that are present, `[K]`. */
  readonly weights: ArrayLike<number>;
  /** @default as it was */
  readonly state?: MethodState;
  /** Where the method has no solution: what these weights are instead, as a clause. */
  readonly instead?: string;
}

/**
 * Weights of all tasks from a method that sees only those with a gradient. Tasks without one get weight
 * 0; where no task has one every weight is 1, since their sum is zero anyway. Both are reported.
 */
export function weighPresent(
  state: MethodState,
  { gram, taskCount }: StepView,
  solve: (present: Present) => Solution,
): Weighed {
  const squares = diagonal(gram);
  const scale = Math.max(...squares);
  const isPresent = (k: number) => squares[k]! > 0 && squares[k]! >= absentShare * scale;
  const tasks = [...squares.keys()].filter(isPresent);
  const absent = [...squares.keys()].filter((k) => !isPresent(k));
  if (tasks.length === 0) return allAbsent(state, taskCount);
  const unit = new Float64Array(tasks.length).fill(1 / Math.sqrt(scale));
  const restricted = rescale(restrict(gram, tasks), unit);
  const norms = diagonal(restricted).map(Math.sqrt);
  const solution = solve({ tasks, gram: restricted, norms, scale });
  const fallback = fallbackOf(solution, tasks, absent);
  return {
    state: solution.state ?? state,
    weights: scatter(solution.weights, tasks, taskCount),
    ...(fallback && { fallback }),
  };
}

function allAbsent(state: MethodState, taskCount: number): Weighed {
  const tasks = Array.from({ length: taskCount }, (_, k) => k);
  const instead = "all gradients are zero: each task has weight 1 in this step";
  return {
    state,
    weights: tasks.map(() => 1),
    fallback: { kind: "zeroGradient", tasks, instead },
  };
}

function fallbackOf(
  { instead }: Solution,
  tasks: readonly number[],
  absent: readonly number[],
): Fallback | undefined {
  if (instead !== undefined) return { kind: "noSolution", tasks, instead };
  if (absent.length === 0) return undefined;
  return { kind: "zeroGradient", tasks: absent, instead: "it is left out of this step" };
}

/** Values of some tasks as values of all, `[M]`, with 0 for the others. */
export function scatter(
  values: ArrayLike<number>,
  tasks: readonly number[],
  taskCount: number,
): number[] {
  const all = new Array<number>(taskCount).fill(0);
  tasks.forEach((task, k) => {
    all[task] = values[k]!;
  });
  return all;
}

/** Cosines of the angles between gradients, `[K, K]`: symmetric to the bit, with ones on the diagonal. */
export function cosinesOf({ gram, norms }: Present): Float64Array[] {
  return gram.map((row, i) =>
    row.map((value, j) =>
      i === j ? 1 : Math.max(-1, Math.min(1, value / (norms[i]! * norms[j]!))),
    ),
  );
}
