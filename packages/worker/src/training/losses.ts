// Mean losses over the steps of an epoch, summed on the device and read seldom: on a GPU each read waits
// for everything before it.

import * as tf from "@tensorflow/tfjs";
import { RunError } from "@trunkline/core";

/** Owns one running sum per task. */
export class LossSums {
  readonly #sums = new Map<string, tf.Scalar>();
  #steps = 0;

  /** Adds one step's losses; takes ownership. */
  add(losses: ReadonlyMap<string, tf.Scalar>): void {
    for (const [task, loss] of losses) {
      const sum = this.#sums.get(task);
      this.#sums.set(task, sum === undefined ? loss : tf.add(sum, loss));
      if (sum !== undefined) tf.dispose([sum, loss]);
    }
    this.#steps++;
  }

  /** Means since the last reset. Throws `run/not-finite` where a loss was not. */
  async means(): Promise<Record<string, number>> {
    const steps = Math.max(1, this.#steps);
    const read = [...this.#sums].map(
      async ([task, sum]) => [task, (await sum.data())[0]! / steps] as const,
    );
    const means = Object.fromEntries(await Promise.all(read));
    requireFinite(means);
    return means;
  }

  reset(): void {
    tf.dispose([...this.#sums.values()]);
    this.#sums.clear();
    this.#steps = 0;
  }
}

export function requireFinite(losses: Readonly<Record<string, number>>): void {
  for (const [task, loss] of Object.entries(losses)) {
    if (Number.isFinite(loss)) continue;
    throw new RunError("run/not-finite", `The loss of task \`${task}\` became ${loss}.`, {
      remedy: "Lower the learning rate, or clip gradients with `clip.trunk` and `clip.heads`.",
      details: { task, loss },
    });
  }
}
