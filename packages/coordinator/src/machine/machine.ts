// The coordinator's logic: a pure function from state and event to the next state and effects. No clock,
// socket, disk or array is in reach, so a whole run can be played through in a test.

import { initialEarlyStopping, initialPlateau, type WorkerMessage } from "@trunkline/core";
import { produce } from "immer";
import { type Context, free, refuse, send } from "./context.ts";
import { delivered } from "./delivery.ts";
import type { Effect, MachineEvent } from "./effects.ts";
import { fail, requestStop } from "./ending.ts";
import { evaluated } from "./evaluation.ts";
import { edgeSaved, evaluationComplete } from "./flow.ts";
import {
  checkDeadlines,
  closed,
  connected,
  dismiss,
  failed,
  heartbeat,
  hello,
  join,
  memberOf,
  start,
} from "./membership.ts";
import type { RunPlan } from "./plan.ts";
import { figuresArrived } from "./round/figures.ts";
import { gradientArrived } from "./round/gradients.ts";
import { committed, weighed } from "./round/round.ts";
import { rowsArrived } from "./round/rows.ts";
import type { PeerId, RunState, TensorRef } from "./state.ts";

export function initialState(plan: RunPlan): RunState {
  const versions = (version: number) => ({
    trunk: version,
    heads: Object.fromEntries(plan.shards.flat().map((task) => [task, version])),
    methods: Object.fromEntries(plan.shards.flat().map((task) => [task, version])),
  });
  const updates = () => ({
    trunk: 0,
    heads: Object.fromEntries(plan.shards.flat().map((task) => [task, 0])),
  });
  return {
    guests: {},
    members: {},
    memberCount: 0,
    holders: [],
    stage: { name: "gathering" },
    phase: 0,
    versions: versions(0),
    edgeVersions: versions(0),
    meter: { startedMs: 0, endedMs: 0, peakBytes: 0, waiting: null, waitingSinceMs: 0, waits: {} },
    monitor: {
      earlyStopping: initialEarlyStopping(),
      plateau: { trunk: initialPlateau(), heads: initialPlateau() },
      best: null,
    },
    fingerprint: null,
    mixed: false,
    startedMs: 0,
    epochsDone: 0,
    updates: updates(),
    edgeUpdates: updates(),
    lastProgressMs: 0,
    progress: {},
    requests: 0,
    ending: null,
  };
}

/** The next state, and what the driver has to do, in order. */
export function transition(
  plan: RunPlan,
  state: RunState,
  event: MachineEvent,
  nowMs: number,
): [RunState, Effect[]] {
  const effects: Effect[] = [];
  const next = produce(state, (draft) => {
    handle({ plan, state: draft, nowMs, effects }, event);
  });
  return [next, effects];
}

function handle(context: Context, event: MachineEvent): void {
  if (context.state.stage.name === "ended") return afterEnd(context, event);
  switch (event.type) {
    case "started":
      return start(context);
    case "connected":
      return connected(context, event.peer);
    case "message":
      return receive(context, event);
    case "malformed":
      return refuse(context, event.peer, event);
    case "closed":
      return closed(context, event.peer, event.reason);
    case "tick":
      return checkDeadlines(context, event.pausedMs);
    case "weighed":
      return weighed(context, event.weights);
    case "committed":
      return committed(context, event.trunkVersion);
    case "broken":
      return fail(context, event);
    case "edgeSaved":
      return edgeSaved(context, event.hashes);
    case "stop":
      return requestStop(context);
  }
}

/** The stream is closed; who still comes is sent away, and what still arrives is thrown away. */
function afterEnd(context: Context, event: MachineEvent): void {
  if (event.type === "message") free(context, event.tensors);
  if (event.type !== "connected") return;
  send(context, event.peer, { type: "stop", reason: "the run is over" });
  context.effects.push({ type: "close", peer: event.peer, reason: "the run is over" });
}

function receive(context: Context, event: MachineEvent & { type: "message" }): void {
  const { peer, message, tensors } = event;
  switch (message.type) {
    case "hello":
    case "join":
    case "heartbeat":
    case "failed":
    case "goodbye":
      free(context, tensors);
      return converse(context, peer, message);
    default:
      return work(context, { peer, message, tensors });
  }
}

type Conversation = WorkerMessage & {
  type: "hello" | "join" | "heartbeat" | "failed" | "goodbye";
};

/** Messages about taking part. */
function converse(context: Context, peer: PeerId, message: Conversation): void {
  switch (message.type) {
    case "hello":
      return hello(context, peer, message);
    case "join":
      return join(context, peer, message);
    case "heartbeat":
      return heartbeat(context, peer, message);
    case "failed":
      return failed(context, peer, message);
    case "goodbye":
      return dismiss(context, peer, message.reason);
  }
}

interface Work {
  peer: PeerId;
  message: Exclude<WorkerMessage, Conversation>;
  tensors: readonly TensorRef[];
}

/** Messages of members about their work. */
function work(context: Context, { peer, message, tensors }: Work): void {
  const member = memberOf(context, peer, tensors);
  if (member === null) return;
  switch (message.type) {
    case "gradient":
      return gradientArrived(context, { peer, member, message, tensors });
    case "figures":
      return figuresArrived(context, { peer, member, message, tensors });
    case "rows":
      return rowsArrived(context, { peer, member, message, tensors });
    case "delivery":
      return delivered(context, { peer, member, message, tensors });
    case "evaluated": {
      const evaluation = evaluated(context, { peer, member, message, tensors });
      return evaluation === null ? undefined : evaluationComplete(context, evaluation);
    }
  }
}
