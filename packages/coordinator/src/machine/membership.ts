// Who takes part: hello, join, silence, leaving. A connection is a guest until its join was accepted.
// Who is lost while the run needs it ends the run; a stand-by may come and go.

import {
  type ErrorCode,
  errorCodes,
  type MessageOf,
  type NumericFingerprint,
  protocolVersion,
  show,
  type WorkerMessage,
} from "@trunkline/core";
import { type Context, emit, free, refuse, send } from "./context.ts";
import { fail } from "./ending.ts";
import { beginPhase } from "./phase.ts";
import { activeShards, exchangeNow } from "./round/round.ts";
import type { Member, PeerId, RoundStage, TensorRef } from "./state.ts";

type Message<T extends WorkerMessage["type"]> = MessageOf<WorkerMessage, T>;

export function start(context: Context): void {
  const { plan, state, nowMs } = context;
  state.startedMs = nowMs;
  state.lastProgressMs = nowMs;
  emit(context, {
    type: "runStarted",
    run: plan.run,
    experiment: plan.experiment,
    seed: plan.seed,
    epochs: plan.epochs,
    stepsPerEpoch: plan.stepsPerEpoch,
    samplesPerEpoch: plan.samplesPerEpoch,
    shards: plan.shards,
    phases: plan.phases.map(({ kind, firstEpoch, epochs }) => ({ kind, firstEpoch, epochs })),
    workers: plan.workers,
  });
  for (const message of plan.warnings) emit(context, { type: "warning", message });
}

export function connected(context: Context, peer: PeerId): void {
  const deadlineMs = context.nowMs + context.plan.deadlines.helloMs;
  context.state.guests[peer] = { stage: "connected", name: peer, deadlineMs };
}

export function hello(context: Context, peer: PeerId, message: Message<"hello">): void {
  const guest = context.state.guests[peer];
  if (guest?.stage !== "connected") return unexpected(context, peer, "hello");
  guest.name = message.name;
  if (message.protocol !== protocolVersion) {
    return refuse(context, peer, {
      code: "protocol/version",
      message: `Worker ${message.name} speaks protocol ${message.protocol}; this run speaks ${protocolVersion}.`,
      remedy: "Install the same version of Trunkline on both machines.",
    });
  }
  guest.stage = "invited";
  guest.deadlineMs = context.nowMs + context.plan.deadlines.joinMs;
  const { run, overrides } = context.plan;
  send(context, peer, { type: "invitation", run, overrides: { set: { ...overrides.set } } });
}

export function join(context: Context, peer: PeerId, message: Message<"join">): void {
  const { plan, state } = context;
  const guest = state.guests[peer];
  if (guest?.stage !== "invited") return unexpected(context, peer, "join");
  if (message.experiment !== plan.experimentHash) {
    return refuse(context, peer, {
      code: "protocol/experiment-mismatch",
      message: `Worker ${guest.name} loaded experiment ${message.experiment.slice(0, 12)}; this run's is ${plan.experimentHash.slice(0, 12)}.`,
      remedy: "Copy the same experiment folder and data to both machines.",
    });
  }
  if (!fits(context, message.fingerprint)) {
    return refuse(context, peer, {
      code: "protocol/fingerprint-mismatch",
      message: `Worker ${guest.name} computes with ${show(message.fingerprint)}; this run's workers with ${show(state.fingerprint)}.`,
      remedy:
        "Use the same backend and Node version on every worker, or start the coordinator with --allow-mixed.",
    });
  }
  welcome(context, peer, guest.name, message.fingerprint);
}

function fits({ state, plan }: Context, fingerprint: NumericFingerprint): boolean {
  const { fingerprint: known } = state;
  // Who left before training binds nobody.
  if (known === null || Object.keys(state.members).length === 0) {
    state.fingerprint = fingerprint;
    state.mixed = false;
    return true;
  }
  const equal = show(sorted(fingerprint)) === show(sorted(known));
  if (!equal && plan.allowMixed) state.mixed = true;
  return equal || plan.allowMixed;
}

const sorted = (value: object) => Object.fromEntries(Object.entries(value).sort());

function welcome(
  context: Context,
  peer: PeerId,
  name: string,
  fingerprint: NumericFingerprint,
): void {
  const { state, plan, nowMs } = context;
  const number = state.memberCount++;
  const member: Member = {
    id: `w${number}`,
    epoch: number,
    name,
    backend: `${fingerprint.backend} ${fingerprint.backendVersion}`,
    lastHeardMs: nowMs,
    trunkVersion: -1,
    headVersions: {},
    methodVersions: {},
  };
  delete state.guests[peer];
  state.members[peer] = member;
  send(context, peer, { type: "welcome", run: plan.run, member: member.id, memberEpoch: number });
  emit(context, { type: "workerJoined", member: member.id, name, backend: member.backend });
  if (state.stage.name === "gathering") return gather(context);
  emit(context, {
    type: "warning",
    message: `Worker ${name} stands by: each of the ${plan.shards.length} \`shards\` has a worker.`,
  });
}

/** Begins training when enough workers are there; each takes a run of neighbouring shards. */
function gather(context: Context): void {
  const { state, plan } = context;
  const peers = Object.keys(state.members);
  if (peers.length < plan.workers) return;
  const shards = plan.shards.length;
  const active = Math.min(peers.length, shards);
  state.holders = plan.shards.map((_, shard) => peers[Math.floor((shard * active) / shards)]!);
  if (active < peers.length) {
    emit(context, {
      type: "warning",
      message: `${peers.length} workers share ${shards} shards; ${peers.length - active} stand by. Raise \`shards\` to use them.`,
    });
  }
  beginPhase(context, 0);
}

export function heartbeat(context: Context, peer: PeerId, message: Message<"heartbeat">): void {
  const member = context.state.members[peer];
  if (member === undefined) return;
  member.lastHeardMs = context.nowMs;
  const { progress } = message;
  if (progress === null || progress.phase !== context.state.phase) return;
  const known = context.state.progress[progress.shard];
  if (known?.epoch === progress.epoch && known.step === progress.step) return;
  context.state.progress[progress.shard] = progress;
  context.state.lastProgressMs = context.nowMs;
  emit(context, { type: "headProgress", ...progress });
}

/** The member that a message comes from; others are refused, and what they sent is freed. */
export function memberOf(
  context: Context,
  peer: PeerId,
  tensors: readonly TensorRef[],
): Member | null {
  const member = context.state.members[peer];
  if (member !== undefined) {
    member.lastHeardMs = context.nowMs;
    return member;
  }
  free(context, tensors);
  if (context.state.guests[peer] !== undefined) {
    refuse(context, peer, {
      code: "protocol/no-hello",
      message: "The first messages of a connection are `hello` and `join`.",
      remedy: "Connect with `trunkline worker`.",
    });
  }
  return null;
}

/** Closes a peer that leaves, and forgets it. */
export function dismiss(context: Context, peer: PeerId, reason: string): void {
  context.effects.push({ type: "close", peer, reason });
  closed(context, peer, reason);
}

/** A worker's own code failed: the end of the run where the worker holds shards. */
export function failed(context: Context, peer: PeerId, message: Message<"failed">): void {
  const { state } = context;
  const member = state.members[peer];
  const name = member?.name ?? state.guests[peer]?.name ?? peer;
  if (member === undefined || !state.holders.includes(peer)) {
    const text = `Worker ${name} failed and leaves: ${message.message}`;
    emit(context, { type: "warning", message: text });
    return dismiss(context, peer, message.code);
  }
  fail(context, {
    code: isErrorCode(message.code) ? message.code : "run/worker-failed",
    message: `Worker ${name} failed: ${message.message}`,
    remedy: message.remedy,
  });
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorCodes, code);

/** A message that does not fit the conversation ends it. */
function unexpected(context: Context, peer: PeerId, type: string): void {
  refuse(context, peer, {
    code: "protocol/unexpected",
    message: `A \`${type}\` message does not fit here.`,
    remedy: "Run the same version of Trunkline on both sides.",
  });
}

export function closed(context: Context, peer: PeerId, reason: string): void {
  const { state } = context;
  delete state.guests[peer];
  const member = state.members[peer];
  if (member === undefined) return;
  delete state.members[peer];
  emit(context, { type: "workerLeft", member: member.id, name: member.name, reason });
  if (!state.holders.includes(peer)) return;
  fail(context, {
    code: "run/worker-lost",
    message: `Worker ${member.name} (${member.id}) was lost while it held shards: ${reason}.`,
    remedy: "See the worker's own output for the cause, then start the run again.",
  });
}

/** Ends what has waited too long: guests, silent members, a run without progress. */
export function checkDeadlines(context: Context, pausedMs = 0): void {
  const { state, plan, nowMs } = context;
  forgive(context, pausedMs);
  for (const [peer, guest] of Object.entries(state.guests)) {
    if (nowMs < guest.deadlineMs) continue;
    refuse(context, peer, {
      code: "protocol/no-hello",
      message: `No \`${guest.stage === "connected" ? "hello" : "join"}\` came in time.`,
      remedy: "Connect with `trunkline worker`; see its output if it did not get so far.",
    });
  }
  for (const [peer, member] of Object.entries(state.members)) {
    if (nowMs - member.lastHeardMs < plan.deadlines.silenceMs) continue;
    dismiss(context, peer, `silent for ${(nowMs - member.lastHeardMs) / 1000} s`);
    // Two may be silent at once; the first may end the run.
    if (hasEnded(context)) return;
  }
  checkStall(context);
}

/** Moves every deadline by a time in which nobody could be heard. */
function forgive({ state }: Context, pausedMs: number): void {
  for (const guest of Object.values(state.guests)) guest.deadlineMs += pausedMs;
  for (const member of Object.values(state.members)) member.lastHeardMs += pausedMs;
  state.lastProgressMs += pausedMs;
}

const hasEnded = ({ state }: Context) => state.stage.name === "ended";

function checkStall(context: Context): void {
  const { state, plan, nowMs } = context;
  const gathering = state.stage.name === "gathering";
  const limitMs = gathering ? plan.deadlines.gatherMs : plan.deadlines.stallMs;
  if (nowMs - state.lastProgressMs < limitMs) return;
  const found = `${Object.keys(state.members).length} of ${plan.workers} workers`;
  const waiting = gathering ? `${found} joined` : `waiting for ${awaited(context).join(", ")}`;
  fail(context, {
    code: "run/timeout",
    message: `Nothing happened for ${limitMs / 1000} s: ${waiting}.`,
    remedy: gathering
      ? "Start the workers, or a run of fewer (--workers)."
      : "See the output of those workers; they answer but make no progress.",
  });
}

/** Names of the workers that the present stage waits for. */
function awaited(context: Context): string[] {
  const { state } = context;
  const { stage } = state;
  const partsOf = (round: RoundStage) => {
    const parts =
      exchangeNow(context).first === "nothing" || round.weighed ? round.arrivals : round.figures;
    const active = activeShards(context);
    return parts.map((part, shard) => (active.includes(shard) ? part : true));
  };
  const missing = (done: readonly unknown[]) =>
    state.holders.filter((_, shard) => done[shard] === null || done[shard] === false);
  const peers =
    stage.name === "round"
      ? missing(partsOf(stage))
      : stage.name === "delivery"
        ? missing(stage.delivered)
        : stage.name === "evaluating"
          ? state.holders.filter((_, shard) => stage.awaited[shard])
          : [];
  return [...new Set(peers)].map((peer) => state.members[peer]?.name ?? peer);
}
