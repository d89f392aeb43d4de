import type { Schedule } from "./schedule.ts";

export interface AteSgSpec {
  readonly kind: "ateSg";
  readonly sharedEpochs: number;
  readonly headEpochs: number;
  readonly first: "shared" | "head";
}

export interface AteSgOptions {
  /** E_0, epochs of a shared phase. @default 1 */
  sharedEpochs?: number;
  /** E_ts, epochs of a head phase. @default 1 */
  headEpochs?: number;
  /** The phase that a cycle begins with. @default "shared" */
  first?: "shared" | "head";
}

/**
 * ATE-SG, alternate through the epochs (Bellavia, Della Santa, Papini, 2026, doi
 * 10.1080/10556788.2026.2659033): E_0 epochs in which only the trunk w_0 moves, then E_ts epochs in
 * which only the heads w_1..w_M move, and again. One learning rate is carried across the phases.
 *
 * Departures. A run of T epochs is exactly T epochs: the last phase is cut, where the authors' published
 * loop runs over to the end of the cycle. And frozen means frozen, to the bit, optimizer state included;
 * under Keras 2 the published loop moves every block in every phase. The convergence theory of the paper
 * covers plain stochastic gradient; other optimizers run without that guarantee.
 */
export function ateSg(options: AteSgOptions = {}): AteSgSpec {
  const { sharedEpochs = 1, headEpochs = 1, first = "shared" } = options;
  return { kind: "ateSg", sharedEpochs, headEpochs, first };
}

export function ateSgSchedule(spec: AteSgSpec): Schedule {
  const shared = { kind: "shared", epochs: spec.sharedEpochs } as const;
  const head = { kind: "head", epochs: spec.headEpochs } as const;
  return {
    cycleEpochs: spec.sharedEpochs + spec.headEpochs,
    cycle: spec.first === "shared" ? [shared, head] : [head, shared],
  };
}
