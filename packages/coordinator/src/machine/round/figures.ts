// Before the weights of a step are decided: losses and norms of each shard's tasks.

import type { MessageOf, WorkerMessage } from "@trunkline/core";
import { answerStale, type Context, free, malformed } from "../context.ts";
import type { RoundStage } from "../state.ts";
import { numbersFit } from "./numbers.ts";
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
  const { peer, member, message, tensors } = arrived;
  const stage = roundOf(context, arrived);
  const { first } = exchangeNow(context);
  const isDue = first === "losses" || first === "norms";
  if (stage === null || !isDue || stage.figures[message.shard] !== null) {
    free(context, tensors);
    return answerStale(context, peer, member, message.at);
  }
  if (tensors.length > 0 || !numbersFit(context, message, { norms: first === "norms" })) {
    return malformed(context, peer, {
      tensors,
      message: "A `figures` message does not carry the numbers of its shard's tasks alone.",
    });
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
  const { versions, phase } = context.state;
  context.effects.push({
    type: "weigh",
    phase,
    ...position(context),
    trunkVersion: versions.trunk,
    figures: mergedFigures(all),
  });
}
