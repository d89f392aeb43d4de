// Rounds of shared and joint phases. The trunk of version v+1 exists when all shards' gradients at v are
// in and the driver has committed them, reduced in shard order whatever the order of arrival.

import type { MessageOf, WorkerMessage } from "@trunkline/core";
import {
  answerStale,
  type Context,
  emit,
  free,
  isOfThisRun,
  placeOf,
  refuse,
  send,
  shardsByPeer,
  waitFor,
} from "./context.ts";
import { beginEdge } from "./edge.ts";
import type { Arrival, Member, PeerId, TensorRef } from "./state.ts";

interface GradientMessage {
  peer: PeerId;
  member: Member;
  message: MessageOf<WorkerMessage, "gradient">;
  tensors: readonly TensorRef[];
}

export function gradientArrived(context: Context, arrived: GradientMessage): void {
  const { state } = context;
  const { peer, member, message, tensors } = arrived;
  const { stage } = state;
  const stale =
    stage.name !== "round" ||
    !isOfThisRun(context, message.at, member) ||
    message.at.trunkVersion !== state.versions.trunk ||
    stage.arrivals[message.shard] !== null ||
    state.holders[message.shard] !== peer;
  if (stale) {
    free(context, tensors);
    return answerStale(context, peer, member, message.at);
  }
  if (!fits(context, tensors)) return malformed(context, peer, tensors);
  stage.arrivals[message.shard] = {
    member: member.id,
    losses: message.losses,
    gradient: handleOf(tensors, "gradient")!,
    statistics: handleOf(tensors, "statistics"),
  };
  state.meter.peakBytes = Math.max(state.meter.peakBytes, message.use.peakBytes);
  state.lastProgressMs = context.nowMs;
  if (stage.arrivals.every((arrival) => arrival !== null)) commit(context, stage.arrivals);
}

function fits({ plan }: Context, tensors: readonly TensorRef[]): boolean {
  const wanted = Object.entries(plan.gradientLengths);
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor.length]));
  return (
    tensors.length === wanted.length && wanted.every(([name, length]) => found.get(name) === length)
  );
}

function malformed(context: Context, peer: PeerId, tensors: readonly TensorRef[]): void {
  free(context, tensors);
  refuse(context, peer, {
    code: "protocol/malformed",
    message: "A `gradient` message does not carry the trunk's tensors.",
    remedy: "Run the same version of Trunkline on both sides.",
  });
}

function handleOf(tensors: readonly TensorRef[], name: string): number | null {
  return tensors.find((tensor) => tensor.name === name)?.handle ?? null;
}

function commit(context: Context, arrivals: readonly (Arrival | null)[]): void {
  const { state } = context;
  const all = arrivals as readonly Arrival[];
  waitFor(context, null);
  const { epoch } = position(context);
  context.effects.push({
    type: "commit",
    epoch,
    trunkVersion: state.versions.trunk + 1,
    gradients: all.map((arrival) => arrival.gradient),
    statistics: all.flatMap(({ statistics }) => (statistics === null ? [] : [statistics])),
    learningRateScale: state.monitor.plateau.trunk.scale,
  });
}

/** Epoch and step within it of the round in hand. */
function position({ plan, state }: Context): { epoch: number; step: number } {
  const { stage } = state;
  const done = stage.name === "round" ? stage.step : 0;
  const { firstEpoch } = plan.phases[state.phase]!;
  return {
    epoch: firstEpoch + Math.floor(done / plan.stepsPerEpoch),
    step: done % plan.stepsPerEpoch,
  };
}

export function committed(context: Context, trunkVersion: number): void {
  const { plan, state } = context;
  if (state.stage.name !== "round") return;
  const { stage } = state;
  const arrivals = stage.arrivals as Arrival[];
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
  publish(context);
  stage.step++;
  stage.arrivals = stage.arrivals.map(() => null);
  const phase = plan.phases[state.phase]!;
  if (stage.step < phase.epochs * plan.stepsPerEpoch) return waitFor(context, "gradients");
  if (phase.kind === "shared") return beginEdge(context);
  state.stage = { name: "heads", delivered: state.holders.map(() => false) };
  waitFor(context, "heads");
}

/** The new trunk goes to everyone who holds a shard. */
function publish(context: Context): void {
  for (const peer of shardsByPeer(context).keys()) {
    const member = context.state.members[peer];
    if (member === undefined) continue;
    send(context, peer, { type: "trunk", at: placeOf(context, member) });
    member.trunkVersion = context.state.versions.trunk;
  }
}
