// Evaluation at edges: the coordinator orders it, the holders of the shards compute it. What follows from
// the scores is the business of `monitor.ts` and `flow.ts`.

import type { MessageOf, Split, TaskScore, WorkerMessage } from "@trunkline/core";
import {
  answerStale,
  type Context,
  free,
  malformed,
  placeOf,
  send,
  shardsByPeer,
  waitFor,
} from "./context.ts";
import { load } from "./phase.ts";
import { hasTasks } from "./round/numbers.ts";
import type { Member, PeerId, Stage, TensorRef } from "./state.ts";

/** A complete evaluation. */
export interface Evaluation {
  split: Split;
  final: boolean;
  tasks: Record<string, TaskScore>;
  /** Weighted sum of the task losses. */
  loss: number;
}

type Evaluating = Stage & { name: "evaluating" };

export function evaluate(context: Context, split: Split, final: boolean): void {
  const { state } = context;
  const request = state.requests++;
  const awaited = state.holders.map(() => true);
  state.stage = { name: "evaluating", request, split, awaited, scores: {}, final };
  for (const [peer, shards] of shardsByPeer(context)) {
    load(context, peer, { shards, trains: false });
    const at = placeOf(context, state.members[peer]!);
    send(context, peer, { type: "evaluate", at, request, split, shards });
  }
  // Evaluation is no part of the phase, neither its time nor what it waits for.
  waitFor(context, null);
}

interface EvaluatedMessage {
  peer: PeerId;
  member: Member;
  message: MessageOf<WorkerMessage, "evaluated">;
  tensors: readonly TensorRef[];
}

/** The evaluation, once the last of its shards is in; until then null. */
export function evaluated(
  context: Context,
  { peer, member, message, tensors }: EvaluatedMessage,
): Evaluation | null {
  const { stage, holders } = context.state;
  const stale =
    stage.name !== "evaluating" ||
    stage.request !== message.request ||
    stage.awaited[message.shard] !== true ||
    holders[message.shard] !== peer;
  if (stale) {
    free(context, tensors);
    answerStale(context, peer, member, message.at);
    return null;
  }
  if (tensors.length > 0 || !hasTasks(message.tasks, context.plan.shards[message.shard]!)) {
    malformed(context, peer, {
      tensors,
      message: "An `evaluated` message does not carry the scores of its shard's tasks alone.",
    });
    return null;
  }
  stage.awaited[message.shard] = false;
  Object.assign(stage.scores, message.tasks);
  context.state.lastProgressMs = context.nowMs;
  return stage.awaited.some(Boolean) ? null : complete(context, stage);
}

/** The scores of a complete evaluation, as the stream tells them. */
function complete(context: Context, stage: Evaluating): Evaluation {
  waitFor(context, null);
  const tasks = scoresInOrder(context, stage);
  const loss = totalLoss(context.plan.taskWeights, tasks);
  return { split: stage.split, final: stage.final, tasks, loss };
}

/** Plain copies, tasks in the experiment's order, whatever the order of arrival. */
function scoresInOrder({ plan }: Context, stage: Evaluating) {
  return Object.fromEntries(
    plan.shards.flat().map((task) => {
      const score = stage.scores[task]!;
      return [task, { loss: score.loss, metrics: { ...score.metrics } }];
    }),
  );
}

function totalLoss(
  weights: Readonly<Record<string, number>>,
  tasks: Readonly<Record<string, { loss: number }>>,
): number {
  return Object.entries(weights).reduce(
    (sum, [task, weight]) => sum + weight * tasks[task]!.loss,
    0,
  );
}
