// The whole conversation between coordinator and workers: two unions of messages, with one sentence per
// message saying when it is sent and what answers it. How messages and tensors become bytes is the
// business of `wire/`; `docs/protocol.md` shows a session.
//
// A worker connects and says `hello`; it is told what to load by `invitation`, loads it, shows by `join`
// that it has the same experiment, data and arithmetic, and is a member from `welcome` on.

import { z } from "zod";
import { arrayOf, isArrayOf, isCount, isNumber, isRecordOf, recordOf } from "./bounded.ts";
import { ProtocolError } from "./errors.ts";
import { printable, printableName } from "./wire/printable.ts";

/** Raised when a message changes in a way that an older peer would misread. */
export const protocolVersion = 2;

/** A peer says hello within this time after connecting; loading needs no part of it. */
export const helloTimeoutMs = 10_000;
/** A worker loads experiment and data within this time; a large CSV file on a slow disk is the worst. */
export const joinTimeoutMs = 600_000;
export const heartbeatMs = 1_000;
/** Five heartbeats: one lost packet and its retransmission must not end a membership. */
export const silenceTimeoutMs = 5 * heartbeatMs;

const count = z.int().min(0);
/** Longest text of a message; what is longer is cut by its sender. */
export const maxTextLength = 4096;
const text = z.string().max(maxTextLength);
/** A text that people read: what a terminal would obey is taken out. */
const shown = text.overwrite(printable);
/** Longest name of a worker. */
export const maxNameLength = 128;
const name = z
  .string()
  .max(maxNameLength)
  .regex(printableName, "should be of printable characters");

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= maxTextLength;
const losses = recordOf(isNumber, "numbers");
const scalars = recordOf(isRecordOf(isNumber), "records of numbers");
const shards = arrayOf(isCount, "shards");
/** One number per task, in the experiment's order. */
const perTask = arrayOf(isNumber, "numbers");
/** Factors on the tasks' gradients, or null where all are 1. */
const weights = perTask.nullable();

interface Score {
  loss: number;
  metrics: Record<string, number>;
}
const isMetrics = isRecordOf(isNumber);
const isScore = (value: unknown): value is Score => {
  const { loss, metrics } = (value ?? {}) as Partial<Score>;
  return isNumber(loss) && isMetrics(metrics);
};

/** Where in the run a message belongs; a stale one is answered with `stale`. */
const place = z.object({
  run: text,
  /** Counts a worker's memberships, so that a message of an earlier one is known. */
  memberEpoch: count,
  /** Index of the phase. */
  phase: count,
  /** Trunk version that the message is about. */
  trunkVersion: count,
});
export type Place = z.infer<typeof place>;

const fingerprint = z.object({
  backend: shown,
  backendVersion: shown,
  nodeMajor: count,
  threads: count,
  /** SHA-256 of a small fixed forward and backward pass. */
  probe: shown,
});
export type NumericFingerprint = z.infer<typeof fingerprint>;

const progress = z.object({
  phase: count,
  shard: count,
  /** Global epoch. */
  epoch: count,
  /** Steps done in this epoch. */
  step: count,
  /** Mean loss per task over the steps of this epoch so far. */
  losses,
});
export type Progress = z.infer<typeof progress>;

const tensorUse = z.object({
  /** Largest number of tensor bytes that one step of the phase held at once. */
  peakBytes: count,
});

const tag = <T extends string>(name: T) => z.literal(name);

export const workerMessageSchema = z.discriminatedUnion("type", [
  /** First message on a connection; answered by `invitation` or `refuse`. */
  z.object({ type: tag("hello"), protocol: z.number(), name }),
  /** When experiment and data are loaded; answered by `welcome` or `refuse`. */
  z.object({ type: tag("join"), experiment: shown, fingerprint }),
  /** Each second from the hello on, whatever the tensors do; never answered. */
  z.object({ type: tag("heartbeat"), progress: progress.nullable() }),
  /**
   * Losses of one shard's tasks, and norms of their gradients where the method needs them, before the
   * weights of this step are decided. Answered by `weights` once all shards are in.
   */
  z.object({
    type: tag("figures"),
    at: place,
    shard: count,
    losses,
    lossesAfter: losses,
    norms: losses,
  }),
  /**
   * A stretch of the gradients of one shard, one tensor `row/TASK` for each of its tasks; the last one has
   * `statistics` too, where the trunk has batch norm. At most `rowsWindow` of them are sent before the first
   * is answered by `rowsTaken`; after the last one comes `weights` or `trunk`.
   */
  z.object({
    type: tag("rows"),
    at: place,
    shard: count,
    /** Index of the stretch. */
    chunk: count,
    losses,
    lossesAfter: losses,
    use: tensorUse,
  }),
  /**
   * The trunk gradient of one shard at one trunk version, with tensors `gradient` and, where the trunk
   * has batch norm, `statistics`. Answered by `trunk` once all shards are in.
   */
  z.object({
    type: tag("gradient"),
    at: place,
    shard: count,
    losses,
    /** Losses of the step before on its own batch, at the present trunk; empty unless the method asks. */
    lossesAfter: losses,
    /** Norms of the tasks' gradients; empty unless the method asks. */
    norms: losses,
    /** Decayed mean square of each task's step, by parameter array of the trunk; empty unless reported. */
    dominance: recordOf(isArrayOf(isNumber), "arrays of numbers"),
    /**
     * Bit c of word c / 32: component c of the routed trunk has a gradient, and only those are in the
     * tensor. Null where the trunk is not routed.
     */
    present: arrayOf(isCount, "words").nullable(),
    use: tensorUse,
  }),
  /**
   * End of a phase: what it moved of one shard's own state. Heads and their optimizers after a lease or a
   * joint phase, tensors `TASK/weights`, `TASK/statistics` and `TASK/optimizer/ARRAY`; what the method
   * keeps per task after a shared or joint phase, tensors `TASK/method/ARRAY`. Not answered; the first
   * arrival counts.
   */
  z.object({
    type: tag("delivery"),
    at: place,
    shard: count,
    /** Updates made in this phase, per task. */
    updates: recordOf(isCount, "counts"),
    /** Mean loss per task of each epoch of the phase. */
    epochLosses: arrayOf(isRecordOf(isNumber), "records of numbers"),
    /** Scalars of the optimizers' states, per task. */
    scalars,
    /** Scalars of what the method keeps, per task. */
    methodScalars: scalars,
    use: tensorUse,
  }),
  /** Answer to `evaluate`, one per shard. */
  z.object({
    type: tag("evaluated"),
    at: place,
    request: count,
    shard: count,
    tasks: recordOf(isScore, "scores"),
  }),
  /** The worker's own code, data or model failed; it leaves afterwards. */
  z.object({ type: tag("failed"), code: shown, message: shown, remedy: shown }),
  /** The worker leaves on purpose; the coordinator forgets it at once. */
  z.object({ type: tag("goodbye"), reason: shown }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

export const coordinatorMessageSchema = z.discriminatedUnion("type", [
  /** Answer to `hello`: what to load. Answered by `join`. */
  z.object({
    type: tag("invitation"),
    run: text,
    overrides: z.object({ set: recordOf(isText, "texts") }),
  }),
  /** Answer to a `join` that fits: the worker is a member and waits for work. */
  z.object({ type: tag("welcome"), run: text, member: text, memberEpoch: count }),
  /** The peer cannot take part, or broke the protocol; the connection is closed after it. */
  z.object({ type: tag("refuse"), code: shown, message: shown, remedy: shown }),
  /**
   * State that the worker lacks, before the work that needs it: tensors `trunk/weights`,
   * `trunk/statistics`, and for tasks as in the worker's `delivery`. Not answered.
   */
  z.object({
    type: tag("load"),
    at: place,
    trunk: z.boolean(),
    scalars,
    methodScalars: scalars,
  }),
  /**
   * A shared or joint phase begins: the worker answers with `figures`, `rows` or a `gradient` for each of
   * its shards, whichever the method asks for first, and again after each `trunk`, until the phase's steps
   * are done; then with `delivery` where the phase moved state of its shards.
   */
  z.object({
    type: tag("beginPhase"),
    at: place,
    kind: z.enum(["shared", "joint"]),
    firstEpoch: count,
    epochs: z.int().min(1),
    shards,
    /** Factor on the heads' learning rate that a plateau schedule has come to. */
    learningRateScale: z.number(),
    /** Of the first step, where they follow from earlier steps. */
    weights,
  }),
  /**
   * Weights of the step in hand, for all tasks: answer to `figures`, and to the last of `rows` where workers
   * need them. Answered by `gradient` where the worker still has it.
   */
  z.object({ type: tag("weights"), at: place, weights: perTask }),
  /** Answer to `rows`: the stretch has come from all shards, and one more may be sent. */
  z.object({ type: tag("rowsTaken"), at: place, chunk: count }),
  /**
   * A round was committed: the trunk of `at.trunkVersion`, tensors `trunk/weights` and `trunk/statistics`;
   * with the weights of the next step, where they follow from earlier steps.
   */
  z.object({ type: tag("trunk"), at: place, weights }),
  /** A lease: train the heads of one shard alone for a head phase. Answered by `delivery` at its end. */
  z.object({
    type: tag("lease"),
    at: place,
    shard: count,
    firstEpoch: count,
    epochs: z.int().min(1),
    learningRateScale: z.number(),
    /** Of the last shared step, where they scale heads too. */
    weights,
  }),
  /** At an edge: evaluate the shards on a split; answered by `evaluated` for each. */
  z.object({
    type: tag("evaluate"),
    at: place,
    request: count,
    split: z.enum(["train", "validation", "test"]),
    shards,
  }),
  /**
   * The answer to a message that came too late, or from another run or membership: what it carried is
   * thrown away, and the worker waits for orders or leaves.
   */
  z.object({ type: tag("stale"), at: place, advice: z.enum(["wait", "leave"]) }),
  /** Drop the work in hand, keep what was loaded, wait. Not answered. */
  z.object({ type: tag("abandon"), at: place }),
  /** The run is over; the worker leaves. */
  z.object({ type: tag("stop"), reason: shown }),
]);
export type CoordinatorMessage = z.infer<typeof coordinatorMessageSchema>;

/** The messages of one type. */
export type MessageOf<M extends { type: string }, T extends M["type"]> = Extract<M, { type: T }>;

/** A worker's message from what the wire gave; throws `ProtocolError`. */
export function decodeWorkerMessage(value: unknown): WorkerMessage {
  return decode(workerMessageSchema, value);
}

/** A coordinator's message from what the wire gave; throws `ProtocolError`. */
export function decodeCoordinatorMessage(value: unknown): CoordinatorMessage {
  return decode(coordinatorMessageSchema, value);
}

/** What a byte account books a message under. */
export function byteKindOf(message: { type: string }): "control" | "heartbeat" {
  return message.type === "heartbeat" ? "heartbeat" : "control";
}

function decode<M extends { type: string }>(
  schema: z.ZodType<M> & { options: readonly { shape: { type: z.ZodLiteral } }[] },
  value: unknown,
): M {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const found = (value as { type?: unknown } | null)?.type;
  const tags = schema.options.map((option) => option.shape.type.value);
  if (typeof found === "string" && !tags.includes(found)) {
    const start = printable(found.slice(0, 64));
    throw new ProtocolError("protocol/unknown-tag", `No message has the type "${start}".`, {
      remedy: "Run the same version of Trunkline on both sides.",
      details: { found: start },
    });
  }
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".") || "type";
  throw new ProtocolError(
    "protocol/malformed",
    `Message ${typeof found === "string" ? `"${found}"` : "without a type"}: field \`${field}\`: ${issue.message}.`,
    { remedy: "Run the same version of Trunkline on both sides.", details: { field } },
  );
}
