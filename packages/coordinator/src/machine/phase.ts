// The beginning of a phase: what each worker lacks is loaded, then the work is given out.

import { type Context, emit, placeOf, send, shardsByPeer, waitFor } from "./context.ts";
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
      ? { name: "heads", delivered: new Array<boolean>(shards).fill(false) }
      : { name: "round", step: 0, arrivals: new Array(shards).fill(null) };
  for (const [peer, held] of shardsByPeer(context)) {
    load(context, peer, held);
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
    const message = { at, kind, firstEpoch, epochs, shards, learningRateScale };
    return send(context, peer, { type: "beginPhase", ...message });
  }
  for (const shard of shards) {
    send(context, peer, { type: "lease", at, shard, firstEpoch, epochs, learningRateScale });
  }
}

/** Sends the weights that the worker lacks for these shards, if it lacks any. */
export function load(context: Context, peer: PeerId, shards: readonly number[]): void {
  const { plan, state } = context;
  const member = state.members[peer]!;
  const tasks = shards.flatMap((shard) => plan.shards[shard]!);
  const heads = tasks.filter((task) => member.headVersions[task] !== state.versions.heads[task]);
  const trunk = member.trunkVersion !== state.versions.trunk;
  if (!trunk && heads.length === 0) return;
  const message = { type: "load", at: placeOf(context, member), trunk, scalars: {} } as const;
  context.effects.push({ type: "send", peer, message, heads });
  holdsNow(context, member, heads);
}

function holdsNow({ state }: Context, member: Member, heads: readonly string[]): void {
  member.trunkVersion = state.versions.trunk;
  for (const task of heads) member.headVersions[task] = state.versions.heads[task]!;
}
