// What the event stream has told so far about how far a run is and how fast it goes. Pure: time is that
// of the events. How it looks is in `progress-lines.ts`.

import type { Losses, RunEvent, RunEventOf } from "@trunkline/core";

export type PhaseKind = RunEventOf<"phaseStarted">["kind"];

/** A phase under way. */
export interface PhaseProgress {
  index: number;
  kind: PhaseKind;
  firstEpoch: number;
  epochs: number;
  /** Steps done of `epochs * stepsPerEpoch`; in a head phase the mean over the shards. */
  steps: number;
  /** Steps done, by shard; only in a head phase. */
  byShard: Readonly<Record<number, number>>;
}

/** Where a measurement of speed began. */
interface Mark {
  timeMs: number;
  steps: number;
}

export interface ProgressState {
  run: RunEventOf<"runStarted"> | null;
  workers: number;
  phase: PhaseProgress | null;
  /** The newest training losses, by task. */
  losses: Losses;
  mark: Mark;
  /** Of the phase under way; null until it was measured. */
  stepsPerSecond: number | null;
  /** Measured in earlier phases, by their kind. */
  secondsPerEpoch: Readonly<Partial<Record<PhaseKind, number>>>;
  timeMs: number;
  ended: boolean;
}

/** Speed is measured over at least this long. */
const measureMs = 1000;

export const initialProgress: ProgressState = {
  run: null,
  workers: 0,
  phase: null,
  losses: {},
  mark: { timeMs: 0, steps: 0 },
  stepsPerSecond: null,
  secondsPerEpoch: {},
  timeMs: 0,
  ended: false,
};

/** The state after one more event. */
export function advance(before: ProgressState, event: RunEvent): ProgressState {
  const state = { ...before, timeMs: event.timeMs };
  switch (event.type) {
    case "runStarted":
      return { ...state, run: event };
    case "workerJoined":
      return { ...state, workers: state.workers + 1 };
    case "workerLeft":
      return { ...state, workers: state.workers - 1 };
    case "phaseStarted":
      return phaseStarted(state, event);
    case "step":
      return measured(stepDone(state, event));
    case "headProgress":
      return measured(headsMoved(state, event));
    case "headsDelivered":
      return measured(headsMoved(state, { ...event, ...endOf(state, event) }));
    case "phaseEnded":
      return phaseEnded(state, event);
    case "runEnded":
      return { ...state, phase: null, ended: true };
    default:
      return state;
  }
}

function phaseStarted(state: ProgressState, event: RunEventOf<"phaseStarted">): ProgressState {
  const { phase: index, kind, firstEpoch, epochs } = event;
  return {
    ...state,
    phase: { index, kind, firstEpoch, epochs, steps: 0, byShard: {} },
    mark: { timeMs: event.timeMs, steps: 0 },
    stepsPerSecond: null,
  };
}

function stepDone(state: ProgressState, event: RunEventOf<"step">): ProgressState {
  const { phase, run } = state;
  if (phase === null || run === null) return state;
  const steps = (event.epoch - phase.firstEpoch) * run.stepsPerEpoch + event.step + 1;
  // Where tasks move the trunk in turn, a round has the losses of one of them.
  return { ...state, losses: { ...state.losses, ...event.losses }, phase: { ...phase, steps } };
}

interface HeadsAt {
  shard: number;
  epoch: number;
  /** Steps done within the epoch. */
  step: number;
  losses: Losses;
}

function headsMoved(state: ProgressState, at: HeadsAt): ProgressState {
  const { phase, run } = state;
  if (phase === null || run === null || phase.kind !== "head") return state;
  const done = (at.epoch - phase.firstEpoch) * run.stepsPerEpoch + at.step;
  const byShard = { ...phase.byShard, [at.shard]: done };
  const sum = Object.values(byShard).reduce((total, each) => total + each, 0);
  return {
    ...state,
    losses: { ...state.losses, ...at.losses },
    phase: { ...phase, byShard, steps: sum / run.shards.length },
  };
}

/** A shard that delivered its heads has done all epochs of the phase. */
function endOf({ phase }: ProgressState, event: RunEventOf<"headsDelivered">) {
  const epoch = phase === null ? 0 : phase.firstEpoch + phase.epochs;
  return { epoch, step: 0, losses: event.epochLosses.at(-1) ?? {} };
}

function measured(state: ProgressState): ProgressState {
  const { mark, phase, timeMs } = state;
  if (phase === null || timeMs - mark.timeMs < measureMs) return state;
  const steps = Math.max(0, phase.steps - mark.steps);
  // A lost worker's shard begins anew, or nothing moved: the speed of before is the better guess.
  if (steps === 0) return state;
  const stepsPerSecond = (1000 * steps) / (timeMs - mark.timeMs);
  return { ...state, stepsPerSecond, mark: { timeMs, steps: phase.steps } };
}

function phaseEnded(state: ProgressState, event: RunEventOf<"phaseEnded">): ProgressState {
  if (event.epochs === 0) return { ...state, phase: null };
  const speed = { [event.kind]: event.seconds / event.epochs };
  return { ...state, phase: null, secondsPerEpoch: { ...state.secondsPerEpoch, ...speed } };
}

/** Samples of the largest task that the run goes through in a second; null before it is measured. */
export function samplesPerSecond({ run, stepsPerSecond }: ProgressState): number | null {
  if (run === null || stepsPerSecond === null) return null;
  return (stepsPerSecond * run.samplesPerEpoch) / run.stepsPerEpoch;
}

/**
 * Seconds until the last planned epoch is done; null while nothing is known. A kind of phase that has not
 * been measured yet is taken to be as fast as the one under way.
 */
export function secondsLeft(state: ProgressState): number | null {
  const { phase, run, secondsPerEpoch, stepsPerSecond } = state;
  if (phase === null || run === null) return null;
  const measuredNow = stepsPerSecond === null ? undefined : run.stepsPerEpoch / stepsPerSecond;
  const now = measuredNow ?? secondsPerEpoch[phase.kind];
  if (now === undefined) return null;
  const epochsLeft = phase.epochs - phase.steps / run.stepsPerEpoch;
  const later = run.phases
    .filter((planned) => planned.firstEpoch > phase.firstEpoch)
    .map(
      ({ kind, epochs }) => epochs * (kind === phase.kind ? now : (secondsPerEpoch[kind] ?? now)),
    );
  return later.reduce((sum, seconds) => sum + seconds, epochsLeft * now);
}
