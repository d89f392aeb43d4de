// A coordinator: the machine decides, this drives it. Connections, clock, store and archive are given to
// it; it starts no server and opens no file of its own.

import {
  type Connection,
  type CoordinatorMessage,
  headTensors,
  type MessageOf,
  methodTensors,
  type NamedTensor,
  type PhaseRecord,
  type PreparedExperiment,
  type RunEvent,
  type RunEventBody,
  type RunResult,
  TrunklineError,
  type WorkerMessage,
} from "@trunkline/core";
import { type Archive, noArchive } from "./driver/archive.ts";
import { ByteAccounts } from "./driver/byte-accounts.ts";
import { Checkpoints } from "./driver/checkpoints.ts";
import { hashesOf } from "./driver/hashes.ts";
import { initialStates } from "./driver/initial-states.ts";
import { type LaunchOptions, planOf } from "./driver/plan-of.ts";
import { resultOf } from "./driver/result-of.ts";
import { Store } from "./driver/store.ts";
import { Training } from "./driver/training.ts";
import { trunkTensors } from "./driver/trunk-tensors.ts";
import type { Effect, MachineEvent } from "./machine/effects.ts";
import { initialState, transition } from "./machine/machine.ts";
import type { RunPlan } from "./machine/plan.ts";
import type { PeerId, RunState } from "./machine/state.ts";

export type WorkerPeer = Connection<CoordinatorMessage, WorkerMessage>;
type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;
type Work = EffectOf<
  "takeRows" | "weigh" | "commit" | "storeHead" | "storeMethod" | "edge" | "keepBest"
>;

/** Time as the coordinator sees it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `tick` each `periodMs`; returns its undo. */
  every(periodMs: number, tick: () => void): () => void;
}

export interface CoordinatorOptions extends LaunchOptions {
  /** Borrowed. */
  experiment: PreparedExperiment;
  clock: Clock;
  /** @default none */
  archive?: Archive;
}

const tickMs = 1_000;

export class Coordinator {
  readonly plan: RunPlan;
  readonly #experiment: PreparedExperiment;
  readonly #clock: Clock;
  readonly #archive: Archive;
  readonly #store: Store;
  readonly #accounts = new ByteAccounts();
  readonly #peers = new Map<PeerId, WorkerPeer>();
  readonly #listeners = new Set<(event: RunEvent) => void>();
  readonly #training: Training;
  readonly #checkpoints: Checkpoints;
  readonly #queue: MachineEvent[] = [];
  readonly #phases: PhaseRecord[] = [];
  #state: RunState;
  #running = false;
  #tickDue = false;
  #tickedMs = 0;
  #pausedMs = 0;
  #peerCount = 0;
  #sequence = 0;
  #stopTicking = () => {};
  #settle!: { resolve(result: RunResult): void; reject(error: unknown): void };
  /** Settles when the run has ended and everything is written. A failed run resolves, with its status. */
  readonly result: Promise<RunResult>;

  constructor(options: CoordinatorOptions) {
    const { experiment, clock, archive = noArchive } = options;
    const initial = initialStates(experiment);
    this.#experiment = experiment;
    this.#clock = clock;
    this.#archive = archive;
    this.#store = new Store(initial);
    this.plan = planOf(experiment, initial.heads, options);
    this.#training = new Training({
      prepared: experiment,
      plan: this.plan,
      store: this.#store,
      emit: (event) => this.#emit(event),
    });
    this.#checkpoints = new Checkpoints(archive, this.#training.snapshot(0));
    this.#state = initialState(this.plan);
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** The run begins; it waits for its workers. */
  start(): void {
    this.#tickedMs = this.#clock.nowMs();
    this.#tell({ type: "started" });
    this.#stopTicking = this.#clock.every(tickMs, () => this.#tick());
  }

  /** A worker's connection; it may be no worker at all. */
  attach(connection: WorkerPeer): void {
    const peer = `peer-${this.#peerCount++}`;
    this.#peers.set(peer, connection);
    this.#accounts.add(connection);
    this.#tell({ type: "connected", peer });
    connection.listen({
      message: (message, tensors) =>
        this.#tell({ type: "message", peer, message, tensors: this.#store.keep(tensors) }),
      malformed: ({ code, message, remedy }) =>
        this.#tell({ type: "malformed", peer, code, message, remedy }),
      closed: (reason) => {
        this.#peers.delete(peer);
        this.#accounts.remove(connection);
        this.#tell({ type: "closed", peer, reason });
      },
    });
  }

  /** Ends the run early and cleanly: what moved since the last edge is dropped, the rest is kept. */
  stop(): void {
    this.#tell({ type: "stop" });
  }

  /** Ends the run as failed, for a reason from outside: a worker's process that ended, say. */
  abort(reason: TrunklineError): void {
    const { code, message, remedy } = reason;
    this.#tell({ type: "broken", code, message, remedy });
  }

  /** Calls `listener` with every event from now on; returns its undo. */
  subscribe(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: MachineEvent): void {
    this.#queue.push(event);
    if (!this.#running) void this.#run();
  }

  #tick(): void {
    this.#tickDue = true;
    const nowMs = this.#clock.nowMs();
    // A tick that is late by more than another one: this process slept, or did one thing for long.
    const lateMs = nowMs - this.#tickedMs - tickMs;
    if (lateMs > tickMs) this.#pausedMs += lateMs;
    this.#tickedMs = nowMs;
    if (!this.#running) void this.#run();
  }

  /**
   * A tick comes after all that arrived, however long an effect took: who spoke in the meantime was not
   * silent.
   */
  #next(): MachineEvent | undefined {
    const event = this.#queue.shift();
    if (event !== undefined || !this.#tickDue) return event;
    const tick = { type: "tick", pausedMs: this.#pausedMs } as const;
    this.#tickDue = false;
    this.#pausedMs = 0;
    return tick;
  }

  /** One event at a time; an effect's answer comes before any other event. */
  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let event = this.#next(); event !== undefined; event = this.#next()) {
        const nowMs = this.#clock.nowMs();
        const [state, effects] = transition(this.plan, this.#state, event, nowMs);
        this.#state = state;
        const answers: MachineEvent[] = [];
        for (const effect of effects) {
          if (isVoid(effect, answers)) continue;
          const answer = this.#execute(effect);
          const settled = answer instanceof Promise ? await answer : answer;
          if (settled !== undefined) answers.push(settled);
        }
        this.#queue.unshift(...answers);
      }
      this.#running = false;
    } catch (error) {
      await this.#breakDown(error);
    }
  }

  /** Something could not be carried out, a write to the disk say: the stream says so where it still can. */
  async #breakDown(error: unknown): Promise<void> {
    this.#stopTicking();
    for (const peer of this.#peers.values()) peer.close("the coordinator failed");
    const reason = error instanceof TrunklineError ? error : undefined;
    try {
      if (reason !== undefined) {
        const { code, message, remedy } = reason;
        this.#emit({ type: "runFailed", code, message, remedy });
      }
      await this.#archive.close();
    } catch {
      // The first error is the one to tell.
    }
    this.#settle.reject(error);
  }

  #execute(effect: Effect): MachineEvent | undefined | Promise<MachineEvent | undefined> {
    switch (effect.type) {
      case "send":
        return this.#send(effect);
      case "close":
        this.#peers.get(effect.peer)?.close(effect.reason);
        return undefined;
      case "emit":
        return this.#emit(effect.event);
      case "closePhase":
        return this.#closePhase(effect);
      case "restore":
        this.#published = null;
        return void this.#training.restore(this.#checkpoints.restore(effect.what));
      case "finish":
        return this.#finish(effect);
      case "free":
        return void this.#store.free(effect.handles);
      default:
        return answering(() => this.#work(effect));
    }
  }

  /** Effects that a user's numbers or disk can break. */
  #work(effect: Work): MachineEvent | undefined | Promise<MachineEvent | undefined> {
    switch (effect.type) {
      case "takeRows":
        return void this.#training.takeRows(effect);
      case "weigh":
        return this.#training.weigh(effect);
      case "commit":
        this.#published = null;
        return this.#training.commit(effect);
      case "storeHead":
        return void this.#training.storeHead(effect);
      case "storeMethod":
        return void this.#training.storeMethod(effect);
      case "edge":
        return this.#checkpoints.saveEdge(this.#training.edge(effect));
      case "keepBest":
        return this.#checkpoints.keepBest();
    }
  }

  #send(effect: EffectOf<"send">): undefined {
    const { peer, message } = effect;
    const connection = this.#peers.get(peer);
    if (connection === undefined) return;
    if (message.type === "welcome") connection.trust?.();
    switch (message.type) {
      case "load":
        return this.#sendLoad(connection, effect, message);
      case "trunk":
        return connection.send(this.#withWeights(message), this.#publishedTrunk()) as undefined;
      case "beginPhase":
      case "lease":
        return connection.send(this.#withWeights(message)) as undefined;
      default:
        return connection.send(message) as undefined;
    }
  }

  #withWeights<M extends MessageOf<CoordinatorMessage, "beginPhase" | "trunk" | "lease">>(
    message: M,
  ): M {
    if (message.weights === null) return message;
    return { ...message, weights: this.#training.weightsFor(message.type, message.at) };
  }

  #sendLoad(
    connection: WorkerPeer,
    { heads = [], methods = [] }: EffectOf<"send">,
    message: MessageOf<CoordinatorMessage, "load">,
  ): undefined {
    const store = this.#store;
    const named = <T>(tasks: readonly string[], of: (task: string) => T) =>
      Object.fromEntries(tasks.map((task) => [task, of(task)]));
    const tensors = heads.flatMap((task) => headTensors(task, store.head(task)));
    tensors.push(...methods.flatMap((task) => methodTensors(task, store.method(task))));
    if (message.trunk) tensors.push(...this.#publishedTrunk());
    const scalars = named(heads, (task) => store.head(task).optimizer.scalars);
    const methodScalars = named(methods, (task) => store.method(task).scalars);
    connection.send({ ...message, scalars, methodScalars }, tensors);
  }

  /** The trunk as it goes out: one copy for all workers, since the trunk itself moves on. */
  #publishedTrunk(): NamedTensor[] {
    this.#published ??= trunkTensors(this.#store.trunk);
    return this.#published;
  }
  #published: NamedTensor[] | null = null;

  #closePhase({ phase, record }: EffectOf<"closePhase">): undefined {
    const whole: PhaseRecord = { ...record, bytes: this.#accounts.close() };
    this.#phases.push(whole);
    this.#emit({ type: "phaseEnded", phase, ...whole });
  }

  #emit(body: RunEventBody): undefined {
    const event: RunEvent = { ...body, sequence: this.#sequence++, timeMs: this.#clock.nowMs() };
    this.#archive.event(event);
    for (const listener of this.#listeners) listener(event);
  }

  async #finish(effect: EffectOf<"finish">): Promise<undefined> {
    this.#stopTicking();
    this.#published = null;
    const { final } = this.#checkpoints;
    const parts = { plan: this.plan, experiment: this.#experiment, phases: this.#phases };
    const result = resultOf(effect, { ...parts, hashes: hashesOf(final) });
    await this.#archive.saveResult(result, final);
    this.#emit({ type: "runEnded", status: effect.status, seconds: effect.seconds });
    await this.#archive.close();
    for (const peer of this.#peers.values()) peer.close("the run is over");
    this.#settle.resolve(result);
  }
}

/** An edge after a broken effect would not be whole: some of its heads are those of the edge before. */
function isVoid(effect: Effect, answers: readonly MachineEvent[]): boolean {
  return effect.type === "edge" && answers.some(({ type }) => type === "broken");
}

/** What an effect answers, or what the machine learns of one that failed. */
function answering(
  work: () => MachineEvent | undefined | Promise<MachineEvent | undefined>,
): MachineEvent | undefined | Promise<MachineEvent | undefined> {
  try {
    const answer = work();
    return answer instanceof Promise ? answer.catch(brokenBy) : answer;
  } catch (error) {
    return brokenBy(error);
  }
}

/** A fault of our own is thrown on. */
function brokenBy(error: unknown): MachineEvent {
  if (!(error instanceof TrunklineError)) throw error;
  const { code, message, remedy } = error;
  return { type: "broken", code, message, remedy };
}
