// The beginning of a phase: what each worker lacks is loaded, then the work is given out.

import {
  askedOfDriver,
  type Context,
  emit,
  placeOf,
  send,
  shardsByPeer,
  waitFor,
} from "./context.ts";
import { newRound } from "./round/round.ts";
import type { Member, PeerId } from "./state.ts";

export function beginPhase(context: Context, index: number): void {
  const { plan, state } = context;
  const phase = plan.phases[index]!;
  state.phase = index;
  state.progress = {};
  const { nowMs } = context;
  state.meter = {
    startedMs: nowMs,
    endedMs: nowMs,
    peakBytes: 0,
    waiting: null,
    waitingSinceMs: nowMs,
    waits: {},
  };
  emit(context, {
    type: "phaseStarted",
    phase: index,
    kind: phase.kind,
    firstEpoch: phase.firstEpoch,
    epochs: phase.epochs,
    trunkVersion: state.versions.trunk,
    holders: state.holders.map((peer) => state.members[peer]!.id),
  });
  const shards = state.holders.length;
  state.stage =
    phase.kind === "head"
      ? { name: "delivery", delivered: new Array<boolean>(shards).fill(false) }
      : newRound(shards, 0);
  for (const [peer, held] of shardsByPeer(context)) {
    load(context, peer, { shards: held, trains: true });
    giveWork(context, peer, held);
  }
  waitFor(context, phase.kind === "head" ? "heads" : "gradients");
}

function giveWork(context: Context, peer: PeerId, shards: number[]): void {
  const { plan, state } = context;
  const { kind, firstEpoch, epochs } = plan.phases[state.phase]!;
  const at = placeOf(context, state.members[peer]!);
  const learningRateScale = state.monitor.plateau.heads.scale;
  if (kind !== "head") {
    const message = {
      at,
      kind,
      firstEpoch,
      epochs,
      shards,
      learningRateScale,
      weights: askedOfDriver(),
    };
    return send(context, peer, { type: "beginPhase", ...message });
  }
  for (const shard of shards) {
    const message = { at, shard, firstEpoch, epochs, learningRateScale, weights: askedOfDriver() };
    send(context, peer, { type: "lease", ...message });
  }
}

/**
 * Sends the weights that the worker lacks for these shards, if it lacks any; and what the method keeps of
 * their tasks where it is going to train.
 */
export function load(
  context: Context,
  peer: PeerId,
  { shards, trains }: { shards: readonly number[]; trains: boolean },
): void {
  const { plan, state } = context;
  const member = state.members[peer]!;
  const tasks = shards.flatMap((shard) => plan.shards[shard]!);
  const heads = tasks.filter((task) => member.headVersions[task] !== state.versions.heads[task]);
  const methods = trains ? tasks.filter((task) => lacksMethod(context, member, task)) : [];
  const trunk = member.trunkVersion !== state.versions.trunk;
  if (!trunk && heads.length === 0 && methods.length === 0) return;
  const at = placeOf(context, member);
  const message = { type: "load", at, trunk, scalars: {}, methodScalars: {} } as const;
  context.effects.push({ type: "send", peer, message, heads, methods });
  member.trunkVersion = state.versions.trunk;
  for (const task of heads) member.headVersions[task] = state.versions.heads[task]!;
  for (const task of methods) member.methodVersions[task] = state.versions.methods[task]!;
}

/** A worker begins with what a method keeps before its first step, so that version 0 need not be sent. */
function lacksMethod({ plan, state }: Context, member: Member, task: string): boolean {
  if (plan.methodLengths[task] === undefined) return false;
  return (member.methodVersions[task] ?? 0) !== state.versions.methods[task];
}
