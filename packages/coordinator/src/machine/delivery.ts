// The end of a phase that moved state of the shards: heads after a lease or a joint phase, what the method
// keeps per task after a shared or joint one. The first arrival of a shard counts.

import type { MessageOf, WorkerMessage } from "@trunkline/core";
import {
  answerStale,
  type Context,
  emit,
  free,
  isOfThisRun,
  malformed,
  waitFor,
} from "./context.ts";
import { beginEdge } from "./edge.ts";
import type { TensorLengths } from "./plan.ts";
import type { Member, PeerId, TensorRef } from "./state.ts";

type Delivery = MessageOf<WorkerMessage, "delivery">;

interface DeliveryMessage {
  peer: PeerId;
  member: Member;
  message: Delivery;
  tensors: readonly TensorRef[];
}

export function beginDelivery(context: Context): void {
  const { state } = context;
  state.stage = { name: "delivery", delivered: state.holders.map(() => false) };
  waitFor(context, "heads");
}

export function delivered(context: Context, arrived: DeliveryMessage): void {
  const { state } = context;
  const { peer, member, message, tensors } = arrived;
  const { stage } = state;
  const stale =
    stage.name !== "delivery" ||
    !isOfThisRun(context, message.at, member) ||
    message.at.phase !== state.phase ||
    stage.delivered[message.shard] !== false;
  if (stale) {
    free(context, tensors);
    return answerStale(context, peer, member, message.at);
  }
  if (!fits(context, arrived)) {
    return malformed(context, peer, {
      tensors,
      message: "A `delivery` message does not carry what the phase moved of its shard.",
    });
  }
  stage.delivered[message.shard] = true;
  for (const task of context.plan.shards[message.shard]!) store(context, task, arrived);
  tell(context, arrived);
  state.meter.peakBytes = Math.max(state.meter.peakBytes, message.use.peakBytes);
  state.lastProgressMs = context.nowMs;
  if (stage.delivered.every(Boolean)) beginEdge(context);
}

interface Moved {
  head: TensorLengths | null;
  method: TensorLengths | null;
}

/** What the phase in hand moves of a task: lengths by name, or null where it moves nothing. */
function movedBy({ plan, state }: Context, task: string): Moved {
  const { kind } = plan.phases[state.phase]!;
  return {
    head: kind === "shared" ? null : plan.headLengths[task]!,
    method: kind === "head" ? null : (plan.methodLengths[task] ?? null),
  };
}

function store(
  context: Context,
  task: string,
  { member, message, tensors }: DeliveryMessage,
): void {
  const { state } = context;
  const moved = movedBy(context, task);
  const named = (lengths: TensorLengths) => tensors.filter(({ name }) => name in lengths);
  const version = state.phase + 1;
  if (moved.head !== null) {
    state.versions.heads[task] = version;
    member.headVersions[task] = version;
    state.updates.heads[task] = (state.updates.heads[task] ?? 0) + message.updates[task]!;
    const scalars = message.scalars[task]!;
    context.effects.push({ type: "storeHead", task, tensors: named(moved.head), scalars });
  }
  if (moved.method !== null) {
    state.versions.methods[task] = version;
    member.methodVersions[task] = version;
    const scalars = message.methodScalars[task]!;
    context.effects.push({ type: "storeMethod", task, tensors: named(moved.method), scalars });
  }
}

function tell(context: Context, { member, message }: DeliveryMessage): void {
  const { plan, state } = context;
  if (plan.phases[state.phase]!.kind === "shared") return;
  emit(context, {
    type: "headsDelivered",
    phase: state.phase,
    shard: message.shard,
    member: member.id,
    updates: message.updates,
    epochLosses: message.epochLosses,
  });
}

/** Every tensor that the phase moved of the shard, each once, and the rest of their state. */
function fits(context: Context, { message, tensors }: DeliveryMessage): boolean {
  const tasks = context.plan.shards[message.shard]!;
  const moved = tasks.map((task) => ({ task, ...movedBy(context, task) }));
  const wanted = moved.flatMap(({ head, method }) => [
    ...Object.entries(head ?? {}),
    ...Object.entries(method ?? {}),
  ]);
  const found = new Map(tensors.map(({ name, length }) => [name, length]));
  return (
    tensors.length === wanted.length &&
    wanted.every(([name, length]) => found.get(name) === length) &&
    moved.every(({ task, head, method }) => hasRest(message, task, { head, method }))
  );
}

function hasRest(
  { scalars, updates, methodScalars }: Delivery,
  task: string,
  { head, method }: Moved,
): boolean {
  const headFits = head === null || (Object.hasOwn(scalars, task) && Object.hasOwn(updates, task));
  return headFits && (method === null || Object.hasOwn(methodScalars, task));
}
