// How a run ends: after its last epoch, early, at the user's wish, or because it cannot go on.

import type { ErrorCode, Split, TaskScore } from "@trunkline/core";
import { type Context, emit, placeOf, send, waitFor } from "./context.ts";
import { closePhase, copyVersions } from "./edge.ts";
import { evaluate } from "./evaluation.ts";
import { freeRound } from "./round/round.ts";

/**
 * After the last edge: the best weights if they are wanted, then the result is measured. A run that the
 * user stopped ends with its last edge.
 */
export function conclude(context: Context): void {
  const { plan, state } = context;
  const { best } = state.monitor;
  const wanted = plan.earlyStopping?.restoreBest === true && state.ending?.status !== "stopped";
  if (wanted && best !== null && best.epoch !== state.epochsDone) {
    context.effects.push({ type: "restore", what: "best" });
    state.versions = copyVersions(best.versions);
  }
  evaluate(context, plan.resultSplit, true);
}

/**
 * The user asks for an early end. What moved since the last edge is dropped, so that what remains is one
 * consistent state; it is measured, and the run ends with it.
 */
export function requestStop(context: Context): void {
  const { state } = context;
  if (state.ending !== null || isMeasuringResult(context)) return;
  state.ending = { status: "stopped" };
  if (state.stage.name === "gathering") return finish(context, context.plan.resultSplit, {});
  if (state.stage.name !== "round" && state.stage.name !== "delivery") return;
  backToEdge(context);
  for (const [peer, member] of Object.entries(state.members)) {
    send(context, peer, { type: "abandon", at: placeOf(context, member) });
    member.trunkVersion = -1;
    member.headVersions = {};
    // Other than version 0, which a worker need not be sent.
    member.methodVersions = Object.fromEntries(
      Object.keys(state.versions.methods).map((task) => [task, -1]),
    );
  }
  evaluate(context, context.plan.resultSplit, true);
}

/** Training is over then, and a stop would change nothing but the name of the end. */
const isMeasuringResult = ({ state: { stage } }: Context) =>
  stage.name === "evaluating" && stage.final;

function backToEdge(context: Context): void {
  const { state } = context;
  waitFor(context, null);
  if (state.stage.name === "round") freeRound(context, state.stage);
  state.versions = copyVersions(state.edgeVersions);
  state.updates = { trunk: state.edgeUpdates.trunk, heads: { ...state.edgeUpdates.heads } };
  const { name } = state.stage;
  if (name === "round" || name === "delivery") state.meter.endedMs = context.nowMs;
  context.effects.push({ type: "restore", what: "last" });
}

/** The run cannot go on; what remains is the last edge. */
export function fail(
  context: Context,
  why: { code: ErrorCode; message: string; remedy: string },
): void {
  const { state } = context;
  if (state.stage.name === "ended") return;
  const { code, message, remedy } = why;
  emit(context, { type: "runFailed", code, message, remedy });
  const trained = state.stage.name !== "gathering";
  if (trained) backToEdge(context);
  state.ending = { status: "failed" };
  finish(context, context.plan.resultSplit, {});
}

export function finish(
  context: Context,
  split: Split,
  tasks: Readonly<Record<string, TaskScore>>,
): void {
  const { state } = context;
  for (const peer of Object.keys(state.members)) {
    send(context, peer, { type: "stop", reason: "the run is over" });
  }
  // After the last message, so that the phases' accounts hold every byte.
  if (state.stage.name !== "gathering") closePhase(context, epochsOfLastPhase(context));
  const status = state.ending?.status ?? "finished";
  const seconds = (context.nowMs - state.startedMs) / 1000;
  state.stage = { name: "ended" };
  context.effects.push({
    type: "finish",
    status,
    epochs: state.epochsDone,
    split,
    tasks,
    updates: { trunk: state.updates.trunk, heads: { ...state.updates.heads } },
    mixed: state.mixed,
    backend: Object.values(state.members)[0]?.backend ?? state.fingerprint?.backend ?? "none",
    seconds,
  });
}

/** 0 where the phase in hand did not come to its edge. */
function epochsOfLastPhase({ plan, state }: Context): number {
  const { firstEpoch, epochs } = plan.phases[state.phase]!;
  return state.epochsDone >= firstEpoch + epochs ? epochs : 0;
}
