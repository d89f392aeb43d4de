// Before the weights of a step are decided: losses and norms of each shard's tasks.

import type { MessageOf, WorkerMessage } from "@trunkline/core";
import { answerStale, type Context } from "../context.ts";
import type { RoundStage } from "../state.ts";
import {
  type Arrived,
  activeShards,
  exchangeNow,
  mergedFigures,
  noteProgress,
  position,
  roundOf,
} from "./round.ts";

export function figuresArrived(
  context: Context,
  arrived: Arrived<MessageOf<WorkerMessage, "figures">>,
): void {
  const { peer, member, message } = arrived;
  const stage = roundOf(context, arrived);
  const { first } = exchangeNow(context);
  const isDue = first === "losses" || first === "norms";
  if (stage === null || !isDue || stage.figures[message.shard] !== null) {
    return answerStale(context, peer, member, message.at);
  }
  const { losses, lossesAfter, norms } = message;
  stage.figures[message.shard] = { losses, lossesAfter, norms };
  noteProgress(context);
  weighWhenComplete(context, stage);
}

/** Lets the driver decide the weights once all shards' figures are in. */
export function weighWhenComplete(context: Context, stage: RoundStage): void {
  const all = activeShards(context).map((shard) => stage.figures[shard]!);
  if (all.some((figures) => figures === null)) return;
  const { versions } = context.state;
  context.effects.push({
    type: "weigh",
    ...position(context),
    trunkVersion: versions.trunk,
    figures: mergedFigures(all),
  });
}
