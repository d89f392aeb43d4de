// Carries out a worker's orders: loading, gradients, leases, evaluation. One order at a time, in the order
// in which they were given.

import {
  type BlockState,
  headStateOf,
  headTensors,
  type NamedTensor,
  type PreparedExperiment,
  type Progress,
  scheduleOf,
  type TrunkGradient,
} from "@trunkline/core";
import { Batches } from "../training/batches.ts";
import { evaluateUnlessDropped } from "../training/evaluate.ts";
import { FeatureCaches, headInputs } from "../training/head-inputs.ts";
import { trainHeads } from "../training/head-phase.ts";
import { Heads } from "../training/heads.ts";
import { requireFinite } from "../training/losses.ts";
import { peakTensorBytes } from "../training/peak.ts";
import { headStep, sharedStep, simultaneousStep, type Trainer } from "../training/step.ts";
import { TaskTerms } from "../training/task-batches.ts";
import type { Effect, SessionEvent, StepPosition } from "./effects.ts";
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
  readonly #caches: FeatureCaches;
  readonly #hooks: ExecutorHooks;
  readonly #log: WorkLog;
  /** Of the phase in hand. */
  #phase = -1;
  #peakBytes = 0;
  #isHeadStepMeasured = false;
  #watch: (what: string) => void = () => {};
  #jointLosses: JointLosses;

  constructor(prepared: PreparedExperiment, hooks: ExecutorHooks) {
    const batches = new Batches(prepared);
    const heads = new Heads(prepared);
    this.#prepared = prepared;
    this.#trainer = { prepared, batches, heads, terms: new TaskTerms(prepared) };
    this.#caches = new FeatureCaches(prepared);
    this.#hooks = hooks;
    this.#log = new WorkLog(hooks.work);
    this.#jointLosses = new JointLosses();
  }

  load({ trunk, scalars, tensors }: EffectOf<"load">): void {
    // By kind, not by name: a task may be called "trunk".
    if (trunk) this.setTrunk(tensors.filter(({ kind }) => kind === "trunk"));
    const heads = tensors.filter(({ kind }) => kind !== "trunk");
    for (const [task, taskScalars] of Object.entries(scalars)) {
      this.#trainer.heads.load(task, headStateOf(task, heads, taskScalars));
    }
  }

  setTrunk(tensors: readonly NamedTensor[]): void {
    const { block } = this.#prepared.network.trunk;
    for (const { name, values } of tensors) {
      if (name === "trunk/weights") block.writeWeights(values);
      else block.writeStatistics(values);
    }
  }

  async computeGradients(effect: EffectOf<"computeGradients">): Promise<void> {
    const { kind, at, order } = effect;
    const isFirst = this.#enter(at.phase);
    for (const shard of effect.shards) {
      let result: TrunkGradient | undefined;
      const run = async () => {
        result = await this.#gradient(effect, shard);
      };
      if (isFirst) await this.#measure(run);
      else await run();
      const { losses, gradient, statistics } = result!;
      requireFinite(losses);
      if (kind === "joint") this.#jointLosses.add(shard, losses);
      this.#log.add({ ...at, kind, shard });
      const tensors: NamedTensor[] = [{ name: "gradient", kind: "gradients", values: gradient }];
      if (statistics !== null) {
        tensors.push({ name: "statistics", kind: "gradients", values: statistics });
      }
      const peakBytes = this.#peakBytes;
      this.#hooks.tell({ type: "gradient", order, shard, losses, tensors, peakBytes });
    }
    this.#trainer.batches.release();
    if (!isLastStep(this.#prepared, at)) return;
    this.#log.flush();
    this.#watch(`epoch ${at.epoch}`);
  }

  #gradient(
    { kind, at, learningRateScale: scale }: EffectOf<"computeGradients">,
    shard: number,
  ): Promise<TrunkGradient> {
    const tasks = this.#prepared.shards[shard]!;
    const key = { epoch: at.epoch, step: at.step };
    const simultaneous = kind === "joint" && this.#joint()?.order === "simultaneous";
    if (simultaneous) return simultaneousStep(this.#trainer, tasks, { key, scale });
    return sharedStep(this.#trainer, tasks, key);
  }

  #joint() {
    return scheduleOf(this.#prepared.settings.schedule).joint;
  }

  /** The heads' half of a joint step at the new trunk; where they moved with it, there is none. */
  async headStep({ at, shards, learningRateScale: scale }: EffectOf<"headStep">): Promise<void> {
    const joint = this.#joint();
    if (joint?.order !== "trunkFirst") return;
    const key = { epoch: at.epoch, step: at.step, stream: joint.headStream };
    const tasks = shards.flatMap((shard) => this.#prepared.shards[shard]!);
    const run = () => headStep(this.#trainer, tasks, { key, scale });
    if (this.#isHeadStepMeasured) await run();
    else await this.#measure(run);
    this.#isHeadStepMeasured = true;
    this.#trainer.batches.release();
  }

  async collectHeads({ order, phase, shards }: EffectOf<"collectHeads">): Promise<void> {
    this.#watch(`phase ${phase}`);
    const { stepsPerEpoch } = this.#prepared;
    for (const shard of shards) {
      const tasks = this.#prepared.shards[shard]!;
      const updates = Object.fromEntries(tasks.map((task) => [task, stepsPerEpoch]));
      const epochLosses = [this.#jointLosses.take(shard)];
      await this.#deliver({ order, shard, updates, epochLosses });
    }
  }

  async trainHeads(effect: EffectOf<"trainHeads">): Promise<void> {
    const { order, phase, shard, trunkVersion, ...terms } = effect;
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
    if (outcome !== null) await this.#deliver({ order, shard, ...outcome });
  }

  async evaluate({ order, request, split, shards }: EffectOf<"evaluate">): Promise<void> {
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
    this.#watch = this.#hooks.watchTensors?.() ?? (() => {});
    return true;
  }

  /** Runs a step and counts what it holds, with what lies beside it, towards the phase's peak. */
  async #measure(step: () => Promise<void>): Promise<void> {
    const bytes = (await peakTensorBytes(step)) + this.#caches.memoryBytes();
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }

  async #deliver(delivery: {
    order: EffectOf<"collectHeads">["order"];
    shard: number;
    updates: Record<string, number>;
    epochLosses: Record<string, number>[];
  }): Promise<void> {
    const tensors: NamedTensor[] = [];
    const scalars: Record<string, Record<string, number>> = {};
    for (const task of this.#prepared.shards[delivery.shard]!) {
      const state: BlockState = await this.#trainer.heads.read(task);
      tensors.push(...headTensors(task, state));
      scalars[task] = state.optimizer.scalars;
    }
    const peakBytes = this.#peakBytes;
    this.#hooks.tell({ type: "heads", ...delivery, scalars, tensors, peakBytes });
  }
}

function isLastStep({ stepsPerEpoch }: PreparedExperiment, { step }: StepPosition): boolean {
  return step === stepsPerEpoch - 1;
}

/** Mean losses of a joint phase, by shard; a joint phase is one epoch. */
class JointLosses {
  readonly #sums = new Map<number, { steps: number; losses: Record<string, number> }>();

  add(shard: number, losses: Readonly<Record<string, number>>): void {
    const sum = this.#sums.get(shard) ?? { steps: 0, losses: {} };
    for (const [task, loss] of Object.entries(losses)) {
      sum.losses[task] = (sum.losses[task] ?? 0) + loss;
    }
    sum.steps++;
    this.#sums.set(shard, sum);
  }

  take(shard: number): Record<string, number> {
    const sum = this.#sums.get(shard) ?? { steps: 1, losses: {} };
    this.#sums.delete(shard);
    const means = Object.entries(sum.losses).map(
      ([task, loss]) => [task, loss / sum.steps] as const,
    );
    return Object.fromEntries(means);
  }
}
