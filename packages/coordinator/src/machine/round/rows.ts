// The tasks' gradients, stretch by stretch. A stretch is taken by the driver when all shards have sent it,
// and the weights are decided after the last one.

import { type MessageOf, rowsWindow, type WorkerMessage } from "@trunkline/core";
import { answerStale, type Context, free, malformed, placeOf, send } from "../context.ts";
import type { RoundStage, TensorRef } from "../state.ts";
import { weighWhenComplete } from "./figures.ts";
import { handleOf } from "./gradients.ts";
import { numbersFit } from "./numbers.ts";
import { type Arrived, activeShards, exchangeNow, noteProgress, roundOf } from "./round.ts";

type Rows = MessageOf<WorkerMessage, "rows">;

export function rowsArrived(context: Context, arrived: Arrived<Rows>): void {
  const { peer, member, message, tensors } = arrived;
  const stage = roundOf(context, arrived);
  const isDue =
    exchangeNow(context).first === "rows" && stage?.rows.received[message.shard] === message.chunk;
  if (stage === null || !isDue) {
    free(context, tensors);
    return answerStale(context, peer, member, message.at);
  }
  if (!isAskedFor(context, stage, message.chunk)) {
    return malformed(context, peer, {
      tensors,
      message: "A `rows` message came before it was asked for.",
    });
  }
  if (!fits(context, message, tensors) || !numbersFit(context, message, { norms: false })) {
    return malformed(context, peer, {
      tensors,
      message: "A `rows` message does not carry its shard's gradients.",
    });
  }
  keep(context, stage, arrived);
  noteProgress(context, message.use);
  takeWhenComplete(context, stage, message.chunk);
}

/** At most so many stretches are under way: what comes early would pile up here. */
function isAskedFor(context: Context, stage: RoundStage, chunk: number): boolean {
  const taken = Math.min(...activeShards(context).map((shard) => stage.rows.received[shard]!));
  return chunk < context.plan.rowsChunks && chunk < taken + rowsWindow;
}

/** Each task's stretch once, and the statistics with the last one where no sum follows. */
function fits(context: Context, { shard, chunk }: Rows, tensors: readonly TensorRef[]): boolean {
  const { plan } = context;
  const { gradient = 0, statistics } = plan.gradientLengths;
  const start = chunk * plan.rowsChunkLength;
  const length = Math.min(plan.rowsChunkLength, gradient - start);
  const wanted = plan.shards[shard]!.map((task) => [`row/${task}`, length] as const);
  const withStatistics = isLast(context, chunk) && !exchangeNow(context).sums;
  const all =
    withStatistics && statistics !== undefined
      ? [...wanted, ["statistics", statistics] as const]
      : wanted;
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor.length]));
  return tensors.length === all.length && all.every(([name, size]) => found.get(name) === size);
}

const isLast = ({ plan }: Context, chunk: number) => chunk === plan.rowsChunks - 1;

function keep(context: Context, stage: RoundStage, { member, message, tensors }: Arrived<Rows>) {
  const { plan } = context;
  const { shard, chunk, losses, lossesAfter } = message;
  stage.rows.received[shard] = chunk + 1;
  const waiting = stage.rows.waiting[chunk] ?? plan.shards.map((): number[] => []);
  waiting[shard] = plan.shards[shard]!.map((task) => handleOf(tensors, `row/${task}`)!);
  stage.rows.waiting[chunk] = waiting;
  const figures = { losses, lossesAfter, norms: {} };
  if (isLast(context, chunk)) stage.figures[shard] = figures;
  if (!isLast(context, chunk) || exchangeNow(context).sums) return;
  const statistics = handleOf(tensors, "statistics");
  stage.arrivals[shard] = {
    member: member.id,
    ...figures,
    dominance: {},
    gradient: null,
    present: null,
    statistics,
  };
}

function takeWhenComplete(context: Context, stage: RoundStage, chunk: number): void {
  const active = activeShards(context);
  if (active.some((shard) => stage.rows.received[shard]! <= chunk)) return;
  const rows = stage.rows.waiting[chunk]!.flat();
  delete stage.rows.waiting[chunk];
  const trunkVersion = context.state.versions.trunk;
  context.effects.push({ type: "takeRows", trunkVersion, chunk, rows });
  if (isLast(context, chunk)) return weighWhenComplete(context, stage);
  if (chunk + rowsWindow >= context.plan.rowsChunks) return;
  for (const peer of new Set(active.map((shard) => context.state.holders[shard]!))) {
    const member = context.state.members[peer];
    if (member === undefined) continue;
    send(context, peer, { type: "rowsTaken", at: placeOf(context, member), chunk });
  }
}
