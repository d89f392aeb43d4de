// The end of a round: the weighted sum of each shard's gradients.

import { isPresent, type MessageOf, type WorkerMessage } from "@trunkline/core";
import { answerStale, type Context, free, malformed } from "../context.ts";
import type { RunPlan } from "../plan.ts";
import type { TensorRef } from "../state.ts";
import { numbersFit } from "./numbers.ts";
import { type Arrived, activeShards, commit, exchangeNow, noteProgress, roundOf } from "./round.ts";

type Gradient = MessageOf<WorkerMessage, "gradient">;

export function gradientArrived(context: Context, arrived: Arrived<Gradient>): void {
  const { peer, member, message, tensors } = arrived;
  const stage = roundOf(context, arrived);
  const { first, sums } = exchangeNow(context);
  const isDue = sums && (first === "nothing" || stage?.weighed === true);
  if (stage === null || !isDue || stage.arrivals[message.shard] !== null) {
    free(context, tensors);
    return answerStale(context, peer, member, message.at);
  }
  if (!fits(context.plan, message, tensors)) {
    return malformed(context, peer, {
      tensors,
      message: "A `gradient` message does not carry the trunk's tensors.",
    });
  }
  if (!numbersFit(context, message, { norms: context.plan.learnsNorms })) {
    return malformed(context, peer, {
      tensors,
      message: "A `gradient` message does not carry the numbers of its shard's tasks.",
    });
  }
  const { losses, lossesAfter, norms, dominance, present } = message;
  stage.arrivals[message.shard] = {
    member: member.id,
    losses,
    lossesAfter,
    norms,
    dominance,
    gradient: handleOf(tensors, "gradient")!,
    present,
    statistics: handleOf(tensors, "statistics"),
  };
  noteProgress(context, message.use);
  const isComplete = activeShards(context).every((shard) => stage.arrivals[shard] !== null);
  if (isComplete) commit(context, stage);
}

function fits(plan: RunPlan, { present }: Gradient, tensors: readonly TensorRef[]): boolean {
  const isRouted = plan.components.length > 0;
  if (isRouted !== (present !== null)) return false;
  const { gradient = 0, ...rest } = plan.gradientLengths;
  const absent = plan.components
    .filter((_, c) => !isPresent(present ?? [], c))
    .reduce((sum, { from, to }) => sum + to - from, 0);
  const wanted = Object.entries({ gradient: gradient - absent, ...rest });
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor.length]));
  return (
    tensors.length === wanted.length && wanted.every(([name, length]) => found.get(name) === length)
  );
}

export function handleOf(tensors: readonly TensorRef[], name: string): number | null {
  return tensors.find((tensor) => tensor.name === name)?.handle ?? null;
}
