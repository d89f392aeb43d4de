// Rounds of shared and joint phases, from what all of their messages have in common to their commit. The
// trunk of version v+1 exists when every shard's part at v is in and the driver has committed it, reduced in
// shard order whatever the order of arrival.

import { type Exchange, type Place, turnOf } from "@trunkline/core";
import { current, type Draft, isDraft } from "immer";
import {
  askedOfDriver,
  type Context,
  emit,
  free,
  isOfThisRun,
  placeOf,
  send,
  shardsByPeer,
  waitFor,
} from "../context.ts";
import { beginDelivery } from "../delivery.ts";
import { beginEdge } from "../edge.ts";
import type { StepFigures } from "../effects.ts";
import type { Arrival, Figures, Member, PeerId, RoundStage, TensorRef } from "../state.ts";

/** A message of a member about the round in hand. */
export interface Arrived<M extends { at: Place; shard: number }> {
  peer: PeerId;
  member: Member;
  message: M;
  tensors: readonly TensorRef[];
}

/** The round after `round` others of a phase. */
export function newRound(shards: number, round: number): RoundStage {
  const nobody = () => new Array<null>(shards).fill(null);
  return {
    name: "round",
    round,
    figures: nobody(),
    rows: { received: new Array<number>(shards).fill(0), waiting: {} },
    weighed: false,
    arrivals: nobody(),
  };
}

export function exchangeNow({ plan, state }: Context): Exchange {
  return plan.exchanges[plan.phases[state.phase]!.kind === "joint" ? "joint" : "shared"];
}

/** Epoch and step within it of the round in hand. */
export function position({ plan, state }: Context): { epoch: number; step: number } {
  const { stage } = state;
  const done = Math.floor((stage.name === "round" ? stage.round : 0) / plan.roundsPerStep);
  const { firstEpoch } = plan.phases[state.phase]!;
  return {
    epoch: firstEpoch + Math.floor(done / plan.stepsPerEpoch),
    step: done % plan.stepsPerEpoch,
  };
}

/** Tasks of each shard that take part in the round in hand: all, or the one whose turn it is. */
export function activeTasks(context: Context): readonly (readonly string[])[] {
  const { plan, state } = context;
  if (plan.roundsPerStep === 1 || state.stage.name !== "round") return plan.shards;
  const tasks = plan.shards.flat();
  const turn = state.stage.round % tasks.length;
  const task = tasks[turnOf({ seed: plan.seed, tasks: tasks.length, ...position(context) }, turn)]!;
  return plan.shards.map((own) => own.filter((each) => each === task));
}

/** Shards that the round in hand needs. */
export function activeShards(context: Context): number[] {
  return activeTasks(context).flatMap((tasks, shard) => (tasks.length > 0 ? [shard] : []));
}

/** The stage where the message belongs to the round in hand, else null: it is stale. */
export function roundOf(context: Context, arrived: Arrived<{ at: Place; shard: number }>) {
  const { state } = context;
  const { peer, member, message } = arrived;
  const { stage } = state;
  if (stage.name !== "round" || !isOfThisRun(context, message.at, member)) return null;
  if (message.at.trunkVersion !== state.versions.trunk) return null;
  if (state.holders[message.shard] !== peer) return null;
  return activeShards(context).includes(message.shard) ? stage : null;
}

export function noteProgress(context: Context, use?: { peakBytes: number }): void {
  const { state } = context;
  if (use) state.meter.peakBytes = Math.max(state.meter.peakBytes, use.peakBytes);
  state.lastProgressMs = context.nowMs;
}

/** Everything is in: the driver makes the next trunk. */
export function commit(context: Context, stage: RoundStage): void {
  const { state } = context;
  waitFor(context, null);
  const all = arrivalsOf(context, stage);
  context.effects.push({
    type: "commit",
    phase: state.phase,
    ...position(context),
    trunkVersion: state.versions.trunk + 1,
    gradients: all.flatMap(({ gradient, present }) =>
      gradient === null ? [] : [{ handle: gradient, present }],
    ),
    statistics: all.flatMap(({ statistics }) => (statistics === null ? [] : [statistics])),
    figures: mergedFigures(all),
    learningRateScale: state.monitor.plateau.trunk.scale,
  });
}

/** As plain values: what an effect holds must outlive the draft of the state. */
function arrivalsOf(context: Context, stage: RoundStage): Arrival[] {
  return activeShards(context).map((shard) => {
    const arrival = stage.arrivals[shard]!;
    return isDraft(arrival) ? (current(arrival as Draft<Arrival>) as Arrival) : arrival;
  });
}

/** Figures of all tasks, whoever sent them. */
export function mergedFigures(all: readonly (Figures & Partial<Arrival>)[]): StepFigures {
  return {
    losses: Object.assign({}, ...all.map(({ losses }) => losses)),
    lossesAfter: allOrNone(all.map(({ lossesAfter }) => lossesAfter)),
    norms: allOrNone(all.map(({ norms }) => norms)),
    dominance: allOrNone(all.map(({ dominance = {} }) => dominance)),
  };
}

/** What some shards told and others did not is of no use to anybody. */
function allOrNone<T>(parts: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  const isWhole = parts.every((part) => Object.keys(part).length > 0);
  return isWhole ? Object.assign({}, ...parts) : {};
}

/** The driver has decided the step's weights. */
export function weighed(context: Context, weights: readonly number[]): void {
  const { state } = context;
  const { stage } = state;
  if (stage.name !== "round") return;
  const exchange = exchangeNow(context);
  stage.weighed = true;
  if (exchange.weights) {
    for (const [peer, member] of holders(context)) {
      send(context, peer, { type: "weights", at: placeOf(context, member), weights: [...weights] });
    }
  }
  if (!exchange.sums) commit(context, stage);
}

export function committed(context: Context, trunkVersion: number): void {
  const { plan, state } = context;
  const { stage } = state;
  if (stage.name !== "round") return;
  const arrivals = arrivalsOf(context, stage);
  state.versions.trunk = trunkVersion;
  state.updates.trunk++;
  emit(context, {
    type: "step",
    phase: state.phase,
    ...position(context),
    trunkVersion,
    losses: Object.assign({}, ...arrivals.map((arrival) => arrival.losses)),
    members: arrivals.map((arrival) => arrival.member),
  });
  const phase = plan.phases[state.phase]!;
  const done = stage.round + 1;
  const isLast = done === phase.epochs * plan.stepsPerEpoch * plan.roundsPerStep;
  publish(context, isLast);
  if (!isLast) {
    state.stage = newRound(plan.shards.length, done);
    return waitFor(context, "gradients");
  }
  const isMoved = phase.kind === "joint" || Object.keys(plan.methodLengths).length > 0;
  if (isMoved) beginDelivery(context);
  else beginEdge(context);
}

/** The new trunk goes to everyone who holds a shard, with the weights of the next step if there is one. */
function publish(context: Context, isLast: boolean): void {
  const weights = isLast ? null : askedOfDriver();
  for (const [peer, member] of holders(context)) {
    send(context, peer, { type: "trunk", at: placeOf(context, member), weights });
    member.trunkVersion = context.state.versions.trunk;
  }
}

function holders(context: Context): [PeerId, Member][] {
  return [...shardsByPeer(context).keys()].flatMap((peer): [PeerId, Member][] => {
    const member = context.state.members[peer];
    return member === undefined ? [] : [[peer, member]];
  });
}

/** Gives back what a round that is dropped has taken in. */
export function freeRound(context: Context, stage: RoundStage): void {
  const handles = stage.arrivals.flatMap((arrival) => [
    arrival?.gradient ?? null,
    arrival?.statistics ?? null,
  ]);
  const rows = Object.values(stage.rows.waiting).flatMap((shards) => shards.flat());
  const held = [...handles, ...rows].filter((handle) => handle !== null);
  free(
    context,
    held.map((handle) => ({ handle })),
  );
}
