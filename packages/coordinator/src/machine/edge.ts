// Edges: nothing in flight, everything consistent. Here a phase is hashed, saved and accounted for; what
// comes next is the business of `flow.ts`.

import type { Hashes } from "@trunkline/core";
import { type Context, emit, waitFor } from "./context.ts";
import type { Versions } from "./state.ts";

export function beginEdge(context: Context): void {
  const { plan, state } = context;
  waitFor(context, null);
  state.stage = { name: "edge" };
  const { firstEpoch, epochs } = plan.phases[state.phase]!;
  context.effects.push({ type: "edge", phase: state.phase, epoch: firstEpoch + epochs });
}

/** The driver has saved the edge; a stop goes back to here from now on. */
export function recordEdge(context: Context, hashes: Hashes): void {
  const { plan, state } = context;
  const { firstEpoch, epochs } = plan.phases[state.phase]!;
  state.epochsDone = firstEpoch + epochs;
  state.edgeVersions = copyVersions(state.versions);
  state.edgeUpdates = { trunk: state.updates.trunk, heads: { ...state.updates.heads } };
  state.meter.endedMs = context.nowMs;
  emit(context, {
    type: "edge",
    phase: state.phase,
    epoch: state.epochsDone,
    trunkVersion: state.versions.trunk,
    hashes,
  });
}

/** Closes the phase's account; `epochs` is 0 for a phase that was abandoned. */
export function closePhase(context: Context, epochs: number): void {
  const { plan, state } = context;
  const { kind, firstEpoch } = plan.phases[state.phase]!;
  const { meter } = state;
  const record = {
    kind,
    firstEpoch,
    epochs,
    seconds: (meter.endedMs - meter.startedMs) / 1000,
    peakBytes: meter.peakBytes,
    waits: { ...meter.waits },
  };
  context.effects.push({ type: "closePhase", phase: state.phase, record });
}

export function copyVersions(versions: Versions): Versions {
  const { trunk, heads, methods } = versions;
  return { trunk, heads: { ...heads }, methods: { ...methods } };
}
