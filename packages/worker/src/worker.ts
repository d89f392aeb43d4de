// A worker from its first hello to its leaving: the machine decides, the executor computes, and this drives
// both. Orders run one after another; messages are taken in at once.

import {
  type Connection,
  type CoordinatorMessage,
  type ErrorCode,
  type NumericFingerprint,
  type Overrides,
  type PreparedExperiment,
  type Progress,
  RunError,
  TrunklineError,
  transformOf,
  type WorkerMessage,
} from "@trunkline/core";
import type { Effect, SessionEvent } from "./session/effects.ts";
import { Executor } from "./session/executor.ts";
import { initialSession, type SessionState, transition } from "./session/machine.ts";
import type { WorkListener } from "./session/work-log.ts";

/** An experiment as a worker has it after an invitation. */
export interface WorkerExperiment {
  /** Disposed with the worker. */
  prepared: PreparedExperiment;
  /** What the coordinator compares with its own. */
  hash: string;
  fingerprint: NumericFingerprint;
}

export interface WorkerOptions {
  /** Shown to users. */
  name: string;
  connection: Connection<WorkerMessage, CoordinatorMessage>;
  /** Loads the experiment as the coordinator has it. */
  prepare(overrides: Overrides): Promise<WorkerExperiment>;
  /** Told of progress inside a lease, for the heartbeats. @default none */
  progress?(progress: Progress): void;
  /** Told of the work done. @default none */
  work?: WorkListener;
  /** Asserts that phases leave no tensor behind; see `tensorWatch`. @default none */
  watchTensors?: () => (what: string) => void;
}

export class Worker {
  readonly #options: WorkerOptions;
  #state: SessionState = initialSession;
  readonly #queue: Effect[] = [];
  #running = false;
  #cancelledBefore = 0;
  #executor: Executor | null = null;
  #experiment: WorkerExperiment | null = null;
  #settle!: { resolve(): void; reject(error: unknown): void };
  /** Settles when the worker has left: rejects with the reason where it did not leave in peace. */
  readonly left: Promise<void>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.left = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    options.connection.listen({
      message: (message, tensors) => this.#tell({ type: "message", message, tensors }),
      malformed: ({ code, message, remedy }) =>
        this.#tell({ type: "failed", code, message, remedy }),
      closed: (reason) => this.#tell({ type: "closed", reason }),
    });
    this.#tell({ type: "connected" });
  }

  /** Leaves at once. */
  stop(): void {
    this.#tell({ type: "stop" });
  }

  #tell(event: SessionEvent): void {
    const [state, effects] = transition({ name: this.#options.name }, this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === "cancel") this.#cancel(effect.before);
      else if (effect.type === "send") this.#send(effect);
      else if (effect.type === "leave") this.#leave(effect);
      else this.#queue.push(effect);
    }
    if (!this.#running) void this.#run();
  }

  #send({ message, tensors }: Effect & { type: "send" }): void {
    this.#options.connection.send(message, tensors);
  }

  #cancel(before: number): void {
    this.#cancelledBefore = before;
    const kept = this.#queue.filter((effect) => !("order" in effect) || effect.order.job >= before);
    this.#queue.splice(0, this.#queue.length, ...kept);
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let effect = this.#queue.shift(); effect !== undefined; effect = this.#queue.shift()) {
      try {
        await this.#execute(effect);
      } catch (error) {
        this.#tell({ type: "failed", ...failureOf(error) });
      }
    }
    this.#running = false;
    if (this.#state.stage === "left") this.#dispose();
  }

  async #execute(effect: Effect): Promise<void> {
    if (this.#state.stage === "left") return;
    if (effect.type === "prepare") return this.#prepare(effect.overrides);
    const executor = this.#executor!;
    switch (effect.type) {
      case "load":
        return executor.load(effect);
      case "setTrunk":
        return executor.setTrunk(effect.tensors);
      case "beginStep":
        return executor.beginStep(effect);
      case "finishStep":
        return executor.finishStep(effect);
      case "sendRows":
        return executor.sendRows(effect);
      case "headStep":
        return executor.headStep(effect);
      case "collect":
        return executor.collect(effect);
      case "trainHeads":
        return executor.trainHeads(effect);
      case "evaluate":
        return executor.evaluate(effect);
      default:
        throw new Error(`effect ${effect.type} is not queued`);
    }
  }

  async #prepare(overrides: Overrides): Promise<void> {
    const experiment = await this.#options.prepare(overrides);
    this.#experiment = experiment;
    const { work = () => {}, progress = () => {}, watchTensors } = this.#options;
    this.#executor = new Executor(experiment.prepared, {
      tell: (event) => this.#tell(event),
      progress,
      cancelled: async (job) => {
        await new Promise((resolve) => setImmediate(resolve));
        return this.#state.stage === "left" || job < this.#cancelledBefore;
      },
      work,
      ...(watchTensors && { watchTensors }),
    });
    const { hash, fingerprint, prepared } = experiment;
    const { stepsPerEpoch, roundsPerStep, method } = prepared;
    this.#tell({
      type: "prepared",
      experiment: hash,
      fingerprint,
      stepsPerEpoch,
      roundsPerStep,
      keepsMethodState: transformOf(method) !== undefined,
    });
  }

  #leave({ error }: Effect & { type: "leave" }): void {
    this.#options.connection.close(error?.code ?? "left");
    if (error === undefined) this.#settle.resolve();
    else this.#settle.reject(errorOf(error));
    if (!this.#running) this.#dispose();
  }

  #dispose(): void {
    this.#executor?.dispose();
    this.#experiment?.prepared.network.dispose();
    this.#executor = null;
    this.#experiment = null;
  }
}

function failureOf(error: unknown): { code: string; message: string; remedy: string } {
  if (error instanceof TrunklineError) {
    const { code, message, remedy } = error;
    return { code, message, remedy };
  }
  return {
    code: "run/worker-failed",
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    remedy: "This is a fault of the experiment's own code, or of Trunkline; the trace tells which.",
  };
}

function errorOf({ code, message, remedy }: ReturnType<typeof failureOf>): RunError {
  return new RunError(code as ErrorCode, message, { remedy });
}
