// A coordinator: the machine decides, this drives it. Connections, clock, store and archive are given to
// it; it starts no server and opens no file of its own.

import {
  type Connection,
  type CoordinatorMessage,
  headStateOf,
  headTensors,
  type NamedTensor,
  type PhaseRecord,
  type PreparedExperiment,
  type RunEvent,
  type RunEventBody,
  type RunResult,
  scheduleNames,
  TrunklineError,
  type WorkerMessage,
} from "@trunkline/core";
import { type Archive, noArchive } from "./driver/archive.ts";
import { ByteAccounts } from "./driver/byte-accounts.ts";
import { hashesOf } from "./driver/hashes.ts";
import { initialStates } from "./driver/initial-states.ts";
import { type LaunchOptions, planOf } from "./driver/plan-of.ts";
import { notFiniteState, type Snapshot, Store } from "./driver/store.ts";
import { trunkTensors } from "./driver/trunk-tensors.ts";
import { trunkNotFinite, trunkUpdater } from "./driver/trunk-update.ts";
import type { Effect, MachineEvent } from "./machine/effects.ts";
import { initialState, transition } from "./machine/machine.ts";
import type { RunPlan } from "./machine/plan.ts";
import type { PeerId, RunState } from "./machine/state.ts";

export type WorkerPeer = Connection<CoordinatorMessage, WorkerMessage>;
type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;

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
  readonly #update: ReturnType<typeof trunkUpdater>;
  readonly #queue: MachineEvent[] = [];
  readonly #phases: PhaseRecord[] = [];
  #state: RunState;
  #running = false;
  #tickDue = false;
  #tickedMs = 0;
  #pausedMs = 0;
  #peerCount = 0;
  #sequence = 0;
  #last: Snapshot;
  #best: Snapshot | null = null;
  /** What the run ends with: the last edge, or the best one where that was restored. */
  #final: Snapshot;
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
    this.#last = this.#store.snapshot(0);
    this.#final = this.#last;
    this.#update = trunkUpdater(experiment);
    this.plan = planOf(experiment, initial.heads, options);
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
      case "commit":
        return this.#commit(effect);
      case "storeHead":
        return this.#storeHead(effect);
      case "free":
        this.#store.free(effect.handles);
        return undefined;
      case "edge":
        return this.#edge(effect);
      case "closePhase":
        return this.#closePhase(effect);
      case "keepBest":
        return this.#keepBest();
      case "restore":
        return this.#restore(effect);
      case "finish":
        return this.#finish(effect);
    }
  }

  #send({ peer, message, heads = [] }: EffectOf<"send">): undefined {
    const connection = this.#peers.get(peer);
    if (connection === undefined) return;
    if (message.type === "welcome") connection.trust?.();
    if (message.type === "trunk") connection.send(message, this.#publishedTrunk());
    else if (message.type === "load") {
      const scalars = heads.map(
        (task) => [task, this.#store.head(task).optimizer.scalars] as const,
      );
      const tensors = heads.flatMap((task) => headTensors(task, this.#store.head(task)));
      if (message.trunk) tensors.push(...this.#publishedTrunk());
      connection.send({ ...message, scalars: Object.fromEntries(scalars) }, tensors);
    } else connection.send(message);
  }

  /** The trunk as it goes out: one copy for all workers, since the trunk itself moves on. */
  #publishedTrunk(): NamedTensor[] {
    this.#published ??= trunkTensors(this.#store.trunk);
    return this.#published;
  }
  #published: NamedTensor[] | null = null;

  #commit(effect: EffectOf<"commit">): MachineEvent {
    this.#published = null;
    const { epoch, learningRateScale, trunkVersion } = effect;
    const gradients = effect.gradients.map((handle) => this.#store.take(handle));
    const statistics = effect.statistics.map((handle) => this.#store.take(handle));
    try {
      this.#update(this.#store.trunk, { gradients, statistics, epoch, learningRateScale });
      return { type: "committed", trunkVersion };
    } catch (error) {
      return brokenBy(error);
    }
  }

  #storeHead({ task, tensors, scalars }: EffectOf<"storeHead">): MachineEvent | undefined {
    const taken = tensors.map(({ name, handle }) => ({ name, values: this.#store.take(handle) }));
    const head = headStateOf(task, taken, scalars);
    const broken = notFiniteState(head);
    if (broken === undefined) {
      this.#store.setHead(task, head);
      return undefined;
    }
    return {
      type: "broken",
      code: "run/not-finite",
      message: `The ${broken} of the head of task \`${task}\` became NaN or infinite.`,
      remedy: "Lower the heads' learning rate, or clip gradients with `clip.heads`.",
    };
  }

  async #edge({ epoch }: EffectOf<"edge">): Promise<MachineEvent> {
    try {
      const snapshot = this.#store.snapshot(epoch);
      const broken = notFiniteState(snapshot.trunk);
      if (broken !== undefined) throw trunkNotFinite(broken, epoch - 1);
      await this.#archive.saveCheckpoint("last", snapshot);
      this.#last = snapshot;
      this.#final = snapshot;
      return { type: "edgeSaved", hashes: hashesOf(snapshot) };
    } catch (error) {
      return brokenBy(error);
    }
  }

  async #keepBest(): Promise<MachineEvent | undefined> {
    try {
      await this.#archive.saveCheckpoint("best", this.#last);
      this.#best = this.#last;
      return undefined;
    } catch (error) {
      return brokenBy(error);
    }
  }

  #restore({ what }: EffectOf<"restore">): undefined {
    this.#published = null;
    this.#final = what === "last" ? this.#last : (this.#best ?? this.#last);
    this.#store.restore(this.#final);
  }

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
    const result = this.#resultOf(effect);
    await this.#archive.saveResult(result, this.#final);
    this.#emit({ type: "runEnded", status: effect.status, seconds: effect.seconds });
    await this.#archive.close();
    for (const peer of this.#peers.values()) peer.close("the run is over");
    this.#settle.resolve(result);
  }

  #resultOf(effect: EffectOf<"finish">): RunResult {
    const { settings } = this.#experiment;
    const { status, epochs, split, tasks, updates, seconds, backend } = effect;
    return {
      run: this.plan.run,
      experiment: this.plan.experiment,
      seed: settings.seed,
      backend,
      workers: this.plan.workers,
      schedule: scheduleNames[settings.schedule.kind],
      method: settings.method,
      layout: settings.layout,
      shards: this.plan.shards.length,
      epochs,
      seconds,
      bits: effect.mixed ? "not promised" : "equal",
      status,
      split,
      tasks,
      updates,
      phases: this.#phases,
      hashes: hashesOf(this.#final),
    };
  }
}

/** An edge after a broken effect would not be whole: some of its heads are those of the edge before. */
function isVoid(effect: Effect, answers: readonly MachineEvent[]): boolean {
  return effect.type === "edge" && answers.some(({ type }) => type === "broken");
}

/** What the machine learns of an effect that failed; a fault of our own is thrown on. */
function brokenBy(error: unknown): MachineEvent {
  if (!(error instanceof TrunklineError)) throw error;
  const { code, message, remedy } = error;
  return { type: "broken", code, message, remedy };
}
