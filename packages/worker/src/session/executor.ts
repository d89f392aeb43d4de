// Carries out a worker's orders: loading, gradients, leases, evaluation. One order at a time, in the order
// in which they were given.

import {
  type BlockState,
  headStateOf,
  headTensors,
  methodStateOf,
  methodTensors,
  type NamedTensor,
  type PreparedExperiment,
  type Progress,
  scheduleOf,
} from "@trunkline/core";
import { Batches } from "../training/batches.ts";
import { evaluateUnlessDropped } from "../training/evaluate.ts";
import { FeatureCaches, headInputs } from "../training/head-inputs.ts";
import { trainHeads } from "../training/head-phase.ts";
import { Heads } from "../training/heads.ts";
import { MethodStates } from "../training/method-states.ts";
import { peakTensorBytes } from "../training/peak.ts";
import { headStep, type Trainer } from "../training/step.ts";
import { TaskTerms } from "../training/task-batches.ts";
import type { Effect, SessionEvent, StepPosition } from "./effects.ts";
import { JointLosses } from "./joint-losses.ts";
import { PhaseSteps } from "./phase-steps.ts";
import { type WorkListener, WorkLog } from "./work-log.ts";

type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;

export interface ExecutorHooks {
  tell(event: SessionEvent): void;
  progress(progress: Progress): void;
  /** Lets messages in; true where jobs up to this one were dropped. */
  cancelled(job: number): Promise<boolean>;
  work: WorkListener;
  /**
   * Called at the start of a phase; what it returns is called at its end and asserts that the
   * phase left no tensor behind. Absent where workers share a process.
   */
  watchTensors?: () => (what: string) => void;
}

/** Owns the optimizers, caches and batches of one experiment; borrows the experiment. */
export class Executor {
  readonly #prepared: PreparedExperiment;
  readonly #trainer: Trainer;
  readonly #steps: PhaseSteps;
  readonly #caches: FeatureCaches;
  readonly #hooks: ExecutorHooks;
  readonly #log: WorkLog;
  /** Of the phase in hand. */
  #phase = -1;
  #peakBytes = 0;
  #isHeadStepMeasured = false;
  #watch: (what: string) => void = () => {};
  readonly #jointLosses = new JointLosses();

  constructor(prepared: PreparedExperiment, hooks: ExecutorHooks) {
    const batches = new Batches(prepared);
    const heads = new Heads(prepared);
    this.#prepared = prepared;
    const methods = new MethodStates(prepared);
    this.#trainer = { prepared, batches, heads, methods, terms: new TaskTerms(prepared) };
    this.#steps = new PhaseSteps(this.#trainer, {
      tell: hooks.tell,
      peakBytes: () => this.#peakBytes,
      measure: (work) => this.#measure(work),
    });
    this.#caches = new FeatureCaches(prepared);
    this.#hooks = hooks;
    this.#log = new WorkLog(hooks.work);
  }

  load({ trunk, scalars, methodScalars, tensors }: EffectOf<"load">): void {
    // By kind, not by name: a task may be called "trunk".
    if (trunk) this.setTrunk(tensors.filter(({ kind }) => kind === "trunk"));
    const heads = tensors.filter(({ kind }) => kind !== "trunk");
    for (const [task, taskScalars] of Object.entries(scalars)) {
      this.#trainer.heads.load(task, headStateOf(task, heads, taskScalars));
    }
    for (const [task, taskScalars] of Object.entries(methodScalars)) {
      this.#trainer.methods.load(task, methodStateOf(task, tensors, taskScalars));
    }
  }

  setTrunk(tensors: readonly NamedTensor[]): void {
    const { block } = this.#prepared.network.trunk;
    for (const { name, values } of tensors) {
      if (name === "trunk/weights") block.writeWeights(values);
      else block.writeStatistics(values);
    }
  }

  /** A shard's part of a step for each shard, as far as the method lets the worker go by itself. */
  async beginStep(effect: EffectOf<"beginStep">): Promise<void> {
    const { kind, at } = effect;
    this.#steps.drop();
    const isFirst = this.#enter(at.phase);
    await this.#steps.measureAfter(effect);
    for (const shard of effect.shards) {
      if (this.#steps.tasksOf(shard, at).length === 0) continue;
      const losses = await this.#steps.begin(effect, shard, isFirst);
      if (kind === "joint") this.#jointLosses.add(shard, losses);
      this.#log.add({ epoch: at.epoch, step: at.step, phase: at.phase, kind, shard });
    }
    this.#trainer.batches.release();
    if (!isLastStep(this.#prepared, at)) return;
    this.#log.flush();
    if (!this.#steps.isBusy) this.#watch(`epoch ${at.epoch}`);
  }

  finishStep({ job, weights }: EffectOf<"finishStep">): void {
    this.#steps.finish(job, weights);
  }

  sendRows({ job }: EffectOf<"sendRows">): void {
    this.#steps.sendRows(job);
  }

  #joint() {
    return scheduleOf(this.#prepared.settings.schedule).joint;
  }

  /** The heads' half of a joint step at the new trunk; where they moved with it, there is none. */
  async headStep({ at, shards, learningRateScale: scale }: EffectOf<"headStep">): Promise<void> {
    const joint = this.#joint();
    if (joint?.order !== "trunkFirst") return;
    const key = { epoch: at.epoch, step: at.step, stream: joint.headStream };
    const tasks = shards.flatMap((shard) => this.#steps.tasksOf(shard, at));
    const weights = this.#steps.headWeights;
    const run = () => headStep(this.#trainer, tasks, { key, scale, weights });
    if (this.#isHeadStepMeasured) await run();
    else await this.#measure(run);
    this.#isHeadStepMeasured = true;
    this.#trainer.batches.release();
  }

  async collect({ order, kind, phase, shards }: EffectOf<"collect">): Promise<void> {
    this.#steps.drop();
    this.#watch(`phase ${phase}`);
    const { stepsPerEpoch } = this.#prepared;
    const headsMoved = kind === "joint";
    for (const shard of shards) {
      const tasks = headsMoved ? this.#prepared.shards[shard]! : [];
      const updates = Object.fromEntries(tasks.map((task) => [task, stepsPerEpoch]));
      const epochLosses = headsMoved ? [this.#jointLosses.take(shard)] : [];
      await this.#deliver(
        { order, shard, updates, epochLosses },
        { heads: headsMoved, method: true },
      );
    }
  }

  async trainHeads(effect: EffectOf<"trainHeads">): Promise<void> {
    const { order, phase, shard, trunkVersion, ...terms } = effect;
    this.#steps.drop();
    this.#enter(phase);
    const { batches } = this.#trainer;
    const inputs = headInputs(this.#prepared, { batches, caches: this.#caches, trunkVersion });
    const lease = { ...terms, tasks: this.#prepared.shards[shard]! };
    const outcome = await trainHeads(this.#trainer, inputs, lease, {
      progress: (at) => this.#hooks.progress({ phase, shard, ...at }),
      cancelled: () => this.#hooks.cancelled(order.job),
      stepDone: (at) => this.#log.add({ phase, kind: "head", shard, ...at }),
      measure: (step) => this.#measure(step),
    });
    this.#log.flush();
    this.#watch(`the lease of shard ${shard} in phase ${phase}`);
    if (outcome === null) return;
    await this.#deliver({ order, shard, ...outcome }, { heads: true, method: false });
  }

  async evaluate({ order, request, split, shards }: EffectOf<"evaluate">): Promise<void> {
    this.#steps.drop();
    const { prepared, terms } = this.#trainer;
    const tasks = shards.flatMap((shard) => prepared.shards[shard]!);
    const dropped = () => this.#hooks.cancelled(order.job);
    const scores = await evaluateUnlessDropped(prepared, terms, { tasks, split }, dropped);
    if (scores === null) return;
    for (const shard of shards) {
      const own = prepared.shards[shard]!.map((task) => [task, scores[task]!] as const);
      const event = { order, request, shard, tasks: Object.fromEntries(own) };
      this.#hooks.tell({ type: "evaluated", ...event });
    }
  }

  dispose(): void {
    this.#log.flush();
    this.#steps.drop();
    this.#trainer.batches.release();
    this.#trainer.heads.dispose();
    this.#caches.dispose();
  }

  /** True at the first order of a phase. Caches of an earlier trunk are worth nothing then. */
  #enter(phase: number): boolean {
    if (phase === this.#phase) return false;
    this.#phase = phase;
    this.#peakBytes = 0;
    this.#isHeadStepMeasured = false;
    this.#caches.dispose();
    this.#jointLosses.clear();
    this.#watch = this.#hooks.watchTensors?.() ?? (() => {});
    return true;
  }

  /** Runs a step and counts what it holds, with what lies beside it, towards the phase's peak. */
  async #measure(step: () => Promise<void>): Promise<void> {
    const bytes = (await peakTensorBytes(step)) + this.#caches.memoryBytes();
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }

  async #deliver(
    delivery: {
      order: EffectOf<"collect">["order"];
      shard: number;
      updates: Record<string, number>;
      epochLosses: Record<string, number>[];
    },
    what: { heads: boolean; method: boolean },
  ): Promise<void> {
    const { heads, methods } = this.#trainer;
    const tensors: NamedTensor[] = [];
    const scalars: Record<string, Record<string, number>> = {};
    const methodScalars: Record<string, Record<string, number>> = {};
    for (const task of this.#prepared.shards[delivery.shard]!) {
      if (what.heads) {
        const state: BlockState = await heads.read(task);
        tensors.push(...headTensors(task, state));
        scalars[task] = state.optimizer.scalars;
      }
      if (what.method && methods.isKept) {
        const state = methods.read(task);
        tensors.push(...methodTensors(task, state));
        methodScalars[task] = state.scalars;
      }
    }
    const peakBytes = this.#peakBytes;
    this.#hooks.tell({ type: "delivery", ...delivery, scalars, methodScalars, tensors, peakBytes });
  }
}

function isLastStep({ stepsPerEpoch }: PreparedExperiment, { step }: StepPosition): boolean {
  return step === stepsPerEpoch - 1;
}
