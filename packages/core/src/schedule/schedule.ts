// Which block moves when. A schedule is a pure function of the epoch, so that resume and replay need no
// code of their own. It knows neither sizes of data nor machines.

/** What moves: only the trunk, only the heads, or both at every step. */
export type PhaseKind = "shared" | "head" | "joint";

/** Whole epochs during which the same blocks move. */
export interface Phase {
  /** Position among the run's phases, from 0. */
  readonly index: number;
  readonly kind: PhaseKind;
  /** Global epoch with which the phase begins. */
  readonly firstEpoch: number;
  readonly epochs: number;
  /** Cycle that the phase belongs to, from 0. */
  readonly cycle: number;
}

/** How one joint step moves the two blocks. */
export interface JointStep {
  /** `simultaneous`: both gradients at the same weights. `trunkFirst`: heads at the new trunk. */
  readonly order: "simultaneous" | "trunkFirst";
  /** The permutation that the head update draws its batch from; `""` is the trunk's own. */
  readonly headStream: string;
}

export interface Schedule {
  /** Epochs of one cycle. */
  readonly cycleEpochs: number;
  /** Absent where no phase is joint. */
  readonly joint?: JointStep;
  /** The phases of one cycle, in order, as kind and length in epochs. */
  readonly cycle: readonly { readonly kind: PhaseKind; readonly epochs: number }[];
}

/**
 * The phases of a run of exactly `epochs` epochs; the last one is cut where the cycle runs over.
 * (The authors' published loop runs over instead.)
 */
export function phasesOf(schedule: Schedule, epochs: number): Phase[] {
  const phases: Phase[] = [];
  for (let firstEpoch = 0, index = 0; firstEpoch < epochs; index++) {
    const part = schedule.cycle[index % schedule.cycle.length]!;
    const length = Math.min(part.epochs, epochs - firstEpoch);
    const cycle = Math.floor(index / schedule.cycle.length);
    phases.push({ index, kind: part.kind, firstEpoch, epochs: length, cycle });
    firstEpoch += length;
  }
  return phases;
}
