// What follows what: from an edge to its evaluation, from there to the next phase or to the end.

import type { Hashes } from "@trunkline/core";
import { type Context, emit } from "./context.ts";
import { closePhase, recordEdge } from "./edge.ts";
import { conclude, finish } from "./ending.ts";
import { type Evaluation, evaluate } from "./evaluation.ts";
import { judge, react } from "./monitor.ts";
import { beginPhase } from "./phase.ts";

export function edgeSaved(context: Context, hashes: Hashes): void {
  recordEdge(context, hashes);
  if (isEvaluationDue(context)) evaluate(context, "validation", false);
  else proceed(context);
}

/** At the end of every `evaluateEvery`-th cycle, and at the end of the run. */
function isEvaluationDue({ plan, state }: Context): boolean {
  const phase = plan.phases[state.phase]!;
  const next = plan.phases[state.phase + 1];
  if (next === undefined) return true;
  return next.cycle !== phase.cycle && (phase.cycle + 1) % plan.evaluateEvery === 0;
}

export function evaluationComplete(context: Context, evaluation: Evaluation): void {
  const { split, tasks, loss, final } = evaluation;
  const best = !final && judge(context, loss);
  const epoch = context.state.epochsDone;
  emit(context, { type: "evaluated", split, epoch, tasks, loss, best });
  if (final) return finish(context, split, tasks);
  react(context, loss);
  proceed(context);
}

/** The next phase, or the end. */
function proceed(context: Context): void {
  const { plan, state } = context;
  if (state.ending !== null || state.phase + 1 >= plan.phases.length) return conclude(context);
  closePhase(context, plan.phases[state.phase]!.epochs);
  beginPhase(context, state.phase + 1);
}
