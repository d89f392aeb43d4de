// What every handler of the machine works with: the plan, a draft of the state, the present time, and the
// effects so far. Also the few things that handlers of all stages do.

import type { CoordinatorMessage, ErrorCode, Place, RunEventBody } from "@trunkline/core";
import type { Effect } from "./effects.ts";
import type { RunPlan } from "./plan.ts";
import type { Member, PeerId, RunState } from "./state.ts";

export interface Context {
  readonly plan: RunPlan;
  /** A draft; handlers write to it. */
  readonly state: RunState;
  readonly nowMs: number;
  readonly effects: Effect[];
}

export function emit(context: Context, event: RunEventBody): void {
  context.effects.push({ type: "emit", event });
}

/** Weights that a message carries where the method has any: the driver, who holds the method, puts them in. */
export const askedOfDriver = (): number[] => [];

export function send(context: Context, peer: PeerId, message: CoordinatorMessage): void {
  context.effects.push({ type: "send", peer, message });
}

/** Where in the run a message to this member belongs. */
export function placeOf(context: Context, member: Member): Place {
  const { state, plan } = context;
  return {
    run: plan.run,
    memberEpoch: member.epoch,
    phase: state.phase,
    trunkVersion: state.versions.trunk,
  };
}

/** Whether a message comes from this run and this membership. */
export function isOfThisRun({ plan }: Context, at: Place, member: Member): boolean {
  return at.run === plan.run && at.memberEpoch === member.epoch;
}

/** Answers a message that came too late; one of another run or membership has no business here. */
export function answerStale(context: Context, peer: PeerId, member: Member, at: Place): void {
  const advice = isOfThisRun(context, at, member) ? "wait" : "leave";
  send(context, peer, { type: "stale", at: placeOf(context, member), advice });
}

/** Tells the peer why, closes it, and lets the stream know. */
export function refuse(
  context: Context,
  peer: PeerId,
  why: { code: ErrorCode; message: string; remedy: string },
): void {
  const name = context.state.guests[peer]?.name ?? context.state.members[peer]?.name ?? peer;
  const { code, message, remedy } = why;
  send(context, peer, { type: "refuse", code, message, remedy });
  context.effects.push({ type: "close", peer, reason: code });
  emit(context, { type: "workerRefused", name, code, message });
  delete context.state.guests[peer];
}

/** As {@link refuse}, for tensors that do not fit their message; frees them. */
export function malformed(
  context: Context,
  peer: PeerId,
  { tensors, message }: { tensors: readonly { handle: number }[]; message: string },
): void {
  free(context, tensors);
  const remedy = "Run the same version of Trunkline on both sides.";
  refuse(context, peer, { code: "protocol/malformed", message, remedy });
}

export function free(context: Context, tensors: readonly { handle: number }[]): void {
  if (tensors.length === 0) return;
  context.effects.push({ type: "free", handles: tensors.map((tensor) => tensor.handle) });
}

/** From now on the coordinator waits for `cause`; the time until now goes to what it waited for before. */
export function waitFor(context: Context, cause: string | null): void {
  const { meter } = context.state;
  const seconds = (context.nowMs - meter.waitingSinceMs) / 1000;
  if (meter.waiting !== null) {
    meter.waits[meter.waiting] = (meter.waits[meter.waiting] ?? 0) + seconds;
  }
  meter.waiting = cause;
  meter.waitingSinceMs = context.nowMs;
  context.state.lastProgressMs = context.nowMs;
}

/** Peers that hold shards, each with its shards in order. */
export function shardsByPeer(context: Context): Map<PeerId, number[]> {
  const byPeer = new Map<PeerId, number[]>();
  context.state.holders.forEach((peer, shard) => {
    const shards = byPeer.get(peer);
    if (shards === undefined) byPeer.set(peer, [shard]);
    else shards.push(shard);
  });
  return byPeer;
}
