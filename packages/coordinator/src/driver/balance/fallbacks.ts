// Steps in which the method did something else than it is for: told when such steps begin, and not again
// while they go on.

import type { Fallback, RunEventBody, StepView } from "@trunkline/core";
import type { At } from "./at.ts";

export class Fallbacks {
  readonly #tell: (fallback: Fallback, at: At) => void;
  /** Kind and tasks of the last step's, or null where it had none. */
  #last: string | null = null;

  constructor(tell: (fallback: Fallback, at: At) => void) {
    this.#tell = tell;
  }

  /** What the method said of a step; once for each step. */
  note(at: At, fallback: Fallback | null): void {
    const before = this.#last;
    this.#last = fallback && [fallback.kind, ...fallback.tasks].join(" ");
    if (fallback !== null && this.#last !== before) this.#tell(fallback, at);
  }

  forget(): void {
    this.#last = null;
  }
}

/** Where a method says nothing of it, its weight for a task without a gradient does nothing. */
export function withoutGradient({ gram }: Pick<StepView, "gram">): Fallback | null {
  const tasks = [...gram.keys()].filter((k) => gram[k]![k] === 0);
  if (tasks.length === 0) return null;
  return { kind: "zeroGradient", tasks, instead: "its weight moves nothing" };
}

export function fallbackEvent(
  { kind, tasks, instead }: Fallback,
  { phase, epoch, step }: At,
  all: readonly string[],
): RunEventBody {
  const names = tasks.map((k) => all[k]!);
  const what =
    kind === "zeroGradient"
      ? `no gradient for the trunk from ${names.join(", ")}`
      : `the method has no solution for the gradients of ${names.join(", ")}`;
  const message = `From epoch ${epoch}, step ${step}: ${what}; ${instead}.`;
  return { type: "methodFallback", phase, epoch, step, kind, tasks: names, message };
}
