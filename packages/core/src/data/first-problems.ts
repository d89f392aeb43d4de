// Mistakes in many values, told once each: the first of a kind with the number of others like it.

import type { Problem } from "../errors.ts";

export interface FirstProblems {
  /** Counts one mistake; `describe` is called for the first of its kind only. */
  add(kind: string, describe: () => Problem): void;
  /** In the order in which their kinds were first met. */
  list(): Problem[];
}

/** @param most - Kinds that are described; others, as hundreds of spoilt columns, are only counted. */
export function firstProblems(most = 20): FirstProblems {
  const counts = new Map<string, number>();
  const firsts = new Map<string, Problem>();
  let hidden: Problem | undefined;

  function add(kind: string, describe: () => Problem): void {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    if (count > 0) return;
    if (firsts.size < most) firsts.set(kind, describe());
    else hidden ??= describe();
  }

  function list(): Problem[] {
    const told = [...firsts].map(([kind, problem]) => withCount(problem, counts.get(kind)! - 1));
    if (hidden === undefined) return told;
    const others = counts.size - firsts.size;
    return [...told, { ...hidden, message: `${hidden.message} (${others} such columns in all.)` }];
  }

  return { add, list };
}

function withCount(problem: Problem, others: number): Problem {
  if (others === 0) return problem;
  return { ...problem, message: `${problem.message} (${others} more like it.)` };
}
