// Heads coming back: at the end of a lease, or of a joint phase. The first arrival of a shard counts.

import type { MessageOf, WorkerMessage } from "@trunkline/core";
import { answerStale, type Context, emit, free, isOfThisRun, refuse } from "./context.ts";
import { beginEdge } from "./edge.ts";
import type { Member, PeerId, TensorRef } from "./state.ts";

interface HeadsMessage {
  peer: PeerId;
  member: Member;
  message: MessageOf<WorkerMessage, "heads">;
  tensors: readonly TensorRef[];
}

export function headsDelivered(context: Context, arrived: HeadsMessage): void {
  const { state } = context;
  const { peer, member, message, tensors } = arrived;
  const { stage } = state;
  const stale =
    stage.name !== "heads" ||
    !isOfThisRun(context, message.at, member) ||
    message.at.phase !== state.phase ||
    stage.delivered[message.shard] !== false;
  if (stale) {
    free(context, tensors);
    return answerStale(context, peer, member, message.at);
  }
  if (!fits(context, arrived)) return malformed(context, peer, tensors);
  stage.delivered[message.shard] = true;
  store(context, arrived);
  state.meter.peakBytes = Math.max(state.meter.peakBytes, message.use.peakBytes);
  state.lastProgressMs = context.nowMs;
  if (stage.delivered.every(Boolean)) beginEdge(context);
}

function store(context: Context, { member, message, tensors }: HeadsMessage): void {
  const { plan, state } = context;
  for (const task of plan.shards[message.shard]!) {
    state.versions.heads[task] = state.phase + 1;
    member.headVersions[task] = state.phase + 1;
    state.updates.heads[task] = (state.updates.heads[task] ?? 0) + message.updates[task]!;
    context.effects.push({
      type: "storeHead",
      task,
      tensors: tensors.filter((tensor) => tensor.name in plan.headLengths[task]!),
      scalars: message.scalars[task]!,
    });
  }
  emit(context, {
    type: "headsDelivered",
    phase: state.phase,
    shard: message.shard,
    member: member.id,
    updates: message.updates,
    epochLosses: message.epochLosses,
  });
}

/** Every tensor of the shard's heads, each once, and the rest of their state. */
function fits({ plan }: Context, { message, tensors }: HeadsMessage): boolean {
  const tasks = plan.shards[message.shard]!;
  const wanted = tasks.flatMap((task) => Object.entries(plan.headLengths[task]!));
  const found = new Map(tensors.map(({ name, length }) => [name, length]));
  return (
    tensors.length === wanted.length &&
    wanted.every(([name, length]) => found.get(name) === length) &&
    tasks.every((task) => Object.hasOwn(message.scalars, task)) &&
    tasks.every((task) => Object.hasOwn(message.updates, task))
  );
}

function malformed(context: Context, peer: PeerId, tensors: readonly TensorRef[]): void {
  free(context, tensors);
  refuse(context, peer, {
    code: "protocol/malformed",
    message: "A `heads` message does not carry the tensors of its shard's heads.",
    remedy: "Run the same version of Trunkline on both sides.",
  });
}
