// What follows from a validation loss: the best weights so far, early stopping, plateau schedules. Patience
// is in epochs and examined at edges, so a decision never falls inside a phase.

import { earlyStoppingStep, plateauStep } from "@trunkline/core";
import { type Context, emit } from "./context.ts";
import { copyVersions } from "./edge.ts";

/** Whether this is the lowest validation loss so far; if so, the last edge is kept as the best. */
export function judge(context: Context, loss: number): boolean {
  const { plan, state } = context;
  const spec = plan.earlyStopping ?? { patience: Number.POSITIVE_INFINITY, minDelta: 0 };
  const sample = { epoch: state.epochsDone, loss };
  const step = earlyStoppingStep(spec, state.monitor.earlyStopping, sample);
  state.monitor.earlyStopping = step.state;
  if (step.stop) state.ending ??= { status: "finished" };
  if (step.improved) {
    state.monitor.best = { epoch: state.epochsDone, versions: copyVersions(state.versions) };
    context.effects.push({ type: "keepBest" });
  }
  return step.improved;
}

/** Plateau schedules and early stopping, after the evaluation was told. */
export function react(context: Context, loss: number): void {
  const { state } = context;
  const epoch = state.epochsDone;
  reduceRates(context, loss);
  const bestEpoch = state.monitor.best?.epoch;
  if (state.ending?.status === "finished" && bestEpoch !== undefined) {
    emit(context, { type: "earlyStopped", epoch, bestEpoch });
  }
}

function reduceRates(context: Context, loss: number): void {
  const { plan, state } = context;
  const epoch = state.epochsDone;
  for (const block of ["trunk", "heads"] as const) {
    const spec = plan.plateau[block];
    if (spec === undefined) continue;
    const before = state.monitor.plateau[block].scale;
    state.monitor.plateau[block] = plateauStep(spec, state.monitor.plateau[block], { epoch, loss });
    const { scale } = state.monitor.plateau[block];
    if (scale !== before) emit(context, { type: "learningRateReduced", block, epoch, scale });
  }
}
