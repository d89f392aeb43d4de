// A worker's logic: a pure function from state and event to the next state and effects. What a gradient
// is, the driver knows; what to compute when, and what to say of it, is decided here.

import type { CoordinatorMessage, MessageOf, Place, TaskScore } from "@trunkline/core";
import { maxTextLength, protocolVersion } from "@trunkline/core";
import type { Effect, Order, SessionEvent, StepPosition } from "./effects.ts";

/** Fixed for a worker's life. */
export interface SessionPlan {
  readonly name: string;
}

/** A shared or joint phase in hand. */
interface PhaseWork {
  kind: "shared" | "joint";
  phase: number;
  firstEpoch: number;
  epochs: number;
  shards: number[];
  learningRateScale: number;
  /** Trunk version at which the phase began; versions count its steps. */
  firstVersion: number;
  trunkVersion: number;
  /** Job of the step in hand. */
  job: number;
}

export interface SessionState {
  readonly stage: "connecting" | "invited" | "joining" | "member" | "left";
  readonly work: PhaseWork | null;
  /** Counts orders to the driver, so that results of dropped ones are known. */
  readonly job: number;
  /** Results of jobs before this one are dropped. */
  readonly firstJob: number;
  /** Known once the experiment is prepared. */
  readonly stepsPerEpoch: number;
  readonly roundsPerStep: number;
  readonly keepsMethodState: boolean;
}

export const initialSession: SessionState = {
  stage: "connecting",
  work: null,
  job: 0,
  firstJob: 0,
  stepsPerEpoch: 1,
  roundsPerStep: 1,
  keepsMethodState: false,
};

type Next = [SessionState, Effect[]];

export function transition(plan: SessionPlan, state: SessionState, event: SessionEvent): Next {
  if (state.stage === "left") return [state, []];
  switch (event.type) {
    case "connected":
      return [
        { ...state, stage: "invited" },
        [say({ type: "hello", protocol: protocolVersion, name: plan.name })],
      ];
    case "prepared": {
      const { experiment, fingerprint, stepsPerEpoch, roundsPerStep, keepsMethodState } = event;
      const message = { type: "join", experiment, fingerprint } as const;
      const known = { stepsPerEpoch, roundsPerStep, keepsMethodState };
      return [{ ...state, stage: "joining", ...known }, [say(message)]];
    }
    case "message":
      return receive(state, event);
    case "figures":
    case "rows":
    case "gradient":
    case "delivery":
    case "evaluated":
      return answer(state, event);
    case "failed": {
      const { code, message, remedy } = event;
      const cut = (text: string) => text.slice(0, maxTextLength);
      const error = { code, message: cut(message), remedy: cut(remedy) };
      return leave(state, [say({ type: "failed", ...error })], error);
    }
    case "closed":
      return leave(state, [], {
        code: "environment/unreachable",
        message: `The connection to the coordinator was lost: ${event.reason}.`,
        remedy: "See the coordinator's output; start the worker again when it runs.",
      });
    case "stop":
      return leave(state, [say({ type: "goodbye", reason: "asked to stop" })]);
  }
}

function say(message: (Effect & { type: "send" })["message"]): Effect {
  return { type: "send", message, tensors: [] };
}

function leave(state: SessionState, effects: Effect[], error?: Failure): Next {
  const last: Effect = error === undefined ? { type: "leave" } : { type: "leave", error };
  return [{ ...state, stage: "left", work: null }, [...effects, last]];
}

type Failure = { code: string; message: string; remedy: string };
type Received = SessionEvent & { type: "message" };

function receive(state: SessionState, { message, tensors }: Received): Next {
  switch (message.type) {
    case "invitation":
      return [state, [{ type: "prepare", overrides: message.overrides }]];
    case "welcome":
      return [{ ...state, stage: "member" }, []];
    case "refuse": {
      const { code, message: text, remedy } = message;
      return leave(state, [], { code, message: text, remedy });
    }
    case "load": {
      const { trunk, scalars, methodScalars } = message;
      return [state, [{ type: "load", trunk, scalars, methodScalars, tensors }]];
    }
    case "beginPhase":
      return beginPhase(state, message);
    case "weights":
      return [state, ofStepInHand(state, { type: "finishStep", weights: message.weights })];
    case "rowsTaken":
      return [state, ofStepInHand(state, { type: "sendRows" })];
    case "trunk":
      return trunkCommitted(state, message, tensors);
    case "lease":
      return lease(state, message);
    case "evaluate": {
      const { at, split, shards, request } = message;
      const [next, order] = newOrder(state, at);
      return [next, [{ type: "evaluate", order, request, split, shards }]];
    }
    case "abandon":
      return [
        { ...state, work: null, firstJob: state.job },
        [{ type: "cancel", before: state.job }],
      ];
    case "stale":
      return message.advice === "leave" ? leave(state, []) : [state, []];
    case "stop":
      return leave(state, []);
  }
}

/** Weights and permissions are of the step in hand; after an abandoned one there is none. */
function ofStepInHand(
  { work }: SessionState,
  effect: { type: "finishStep"; weights: number[] } | { type: "sendRows" },
): Effect[] {
  return work === null ? [] : [{ ...effect, job: work.job }];
}

function newOrder(state: SessionState, at: Place): [SessionState, Order] {
  return [
    { ...state, job: state.job + 1 },
    { job: state.job, at },
  ];
}

function beginPhase(
  state: SessionState,
  message: MessageOf<CoordinatorMessage, "beginPhase">,
): Next {
  const { at, kind, firstEpoch, epochs, shards, learningRateScale, weights } = message;
  const work: PhaseWork = {
    kind,
    phase: at.phase,
    firstEpoch,
    epochs,
    shards,
    learningRateScale,
    firstVersion: at.trunkVersion,
    trunkVersion: at.trunkVersion,
    job: -1,
  };
  return beginStep(state, work, { at, weights });
}

function beginStep(
  state: SessionState,
  work: PhaseWork,
  { at, weights }: { at: Place; weights: number[] | null },
): Next {
  const [next, order] = newOrder(state, at);
  const { kind, shards, learningRateScale, trunkVersion, firstVersion } = work;
  const position = positionOf(state, work, trunkVersion);
  const previous = trunkVersion > firstVersion ? positionOf(state, work, trunkVersion - 1) : null;
  const terms = { kind, at: position, previous, shards, learningRateScale, weights };
  const inHand = { ...next, work: { ...work, job: order.job } };
  return [inHand, [{ type: "beginStep", order, ...terms }]];
}

/** The step that starts from a trunk version. */
function positionOf(state: SessionState, work: PhaseWork, trunkVersion: number): StepPosition {
  const rounds = trunkVersion - work.firstVersion;
  const done = Math.floor(rounds / state.roundsPerStep);
  return {
    phase: work.phase,
    epoch: work.firstEpoch + Math.floor(done / state.stepsPerEpoch),
    step: done % state.stepsPerEpoch,
    turn: rounds % state.roundsPerStep,
  };
}

function trunkCommitted(
  state: SessionState,
  { at, weights }: MessageOf<CoordinatorMessage, "trunk">,
  tensors: Received["tensors"],
): Next {
  const effects: Effect[] = [{ type: "setTrunk", tensors }];
  const { work } = state;
  if (work === null || work.phase !== at.phase) return [state, effects];
  const done: PhaseWork = { ...work, trunkVersion: at.trunkVersion };
  const { shards, learningRateScale } = work;
  if (work.kind === "joint") {
    const position = positionOf(state, work, work.trunkVersion);
    effects.push({ type: "headStep", at: position, shards, learningRateScale });
  }
  const total = work.epochs * state.stepsPerEpoch * state.roundsPerStep;
  if (at.trunkVersion - work.firstVersion < total) {
    const [next, more] = beginStep(state, done, { at, weights });
    return [next, [...effects, ...more]];
  }
  const idle = { ...state, work: null };
  const { kind, phase } = work;
  if (kind === "shared" && !state.keepsMethodState) return [idle, effects];
  const [next, order] = newOrder(idle, at);
  return [next, [...effects, { type: "collect", order, kind, phase, shards }]];
}

function lease(state: SessionState, message: MessageOf<CoordinatorMessage, "lease">): Next {
  const { at, shard, firstEpoch, epochs, learningRateScale, weights } = message;
  const [next, order] = newOrder({ ...state, work: null }, at);
  const { phase, trunkVersion } = at;
  const epochsOf = { firstEpoch, epochs, learningRateScale, weights };
  return [next, [{ type: "trainHeads", order, phase, trunkVersion, shard, ...epochsOf }]];
}

type Answer = SessionEvent & {
  type: "figures" | "rows" | "gradient" | "delivery" | "evaluated";
};

/** Sends a result to where its order came from; a dropped order's result goes nowhere. */
function answer(state: SessionState, event: Answer): Next {
  const { shard, order } = event;
  if (order.job < state.firstJob) return [state, []];
  const { at } = order;
  switch (event.type) {
    case "figures": {
      const { losses, lossesAfter, norms } = event;
      return [state, [say({ type: "figures", at, shard, losses, lossesAfter, norms })]];
    }
    case "rows": {
      const { chunk, losses, lossesAfter, tensors, peakBytes } = event;
      const report = { chunk, losses, lossesAfter, use: { peakBytes } };
      return [state, [{ type: "send", message: { type: "rows", at, shard, ...report }, tensors }]];
    }
    case "gradient": {
      const { losses, lossesAfter, norms, dominance, present, tensors, peakBytes } = event;
      const figures = { losses, lossesAfter, norms, dominance, present, use: { peakBytes } };
      const message = { type: "gradient", at, shard, ...figures } as const;
      return [state, [{ type: "send", message, tensors }]];
    }
    case "delivery": {
      const { updates, epochLosses, scalars, methodScalars, tensors, peakBytes } = event;
      const report = { updates, epochLosses, scalars, methodScalars, use: { peakBytes } };
      const message = { type: "delivery", at, shard, ...report } as const;
      return [state, [{ type: "send", message, tensors }]];
    }
    case "evaluated": {
      const { request, tasks } = event;
      const message = { type: "evaluated", at, request, shard, tasks: plainScores(tasks) } as const;
      return [state, [{ type: "send", message, tensors: [] }]];
    }
  }
}

/** Scores with metrics that the message's type lets be written to. */
function plainScores(tasks: Readonly<Record<string, TaskScore>>) {
  const entries = Object.entries(tasks).map(
    ([task, { loss, metrics }]) => [task, { loss, metrics: { ...metrics } }] as const,
  );
  return Object.fromEntries(entries);
}
