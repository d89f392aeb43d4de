// Mean losses of a joint phase, by shard; a joint phase is one epoch.

export class JointLosses {
  readonly #sums = new Map<number, Map<string, { steps: number; sum: number }>>();

  add(shard: number, losses: Readonly<Record<string, number>>): void {
    const sums = this.#sums.get(shard) ?? new Map<string, { steps: number; sum: number }>();
    for (const [task, loss] of Object.entries(losses)) {
      const { steps, sum } = sums.get(task) ?? { steps: 0, sum: 0 };
      sums.set(task, { steps: steps + 1, sum: sum + loss });
    }
    this.#sums.set(shard, sums);
  }

  take(shard: number): Record<string, number> {
    const sums = this.#sums.get(shard) ?? new Map<string, { steps: number; sum: number }>();
    this.#sums.delete(shard);
    return Object.fromEntries([...sums].map(([task, { steps, sum }]) => [task, sum / steps]));
  }

  /** A phase that was dropped leaves nothing behind. */
  clear(): void {
    this.#sums.clear();
  }
}
