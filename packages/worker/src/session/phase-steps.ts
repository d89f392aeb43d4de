// Steps of shared and joint phases as this worker has them in hand: begun, told of, and finished once the
// method has decided. What is said when follows from the method's exchange, which both sides know.

import {
  type Clock,
  chunksOf,
  type Exchange,
  exchangeOf,
  isReported,
  type NamedTensor,
  type PreparedExperiment,
  presentWords,
  rowsWindow,
  scheduleOf,
  stretchLength,
  turnOf,
  wantsLossesAfter,
} from "@trunkline/core";
import type { ShardStep } from "../training/shard-step.ts";
import { withoutAbsent } from "../training/sparse-gradient.ts";
import { beginShardStep, lossesAt, type Trainer } from "../training/step.ts";
import type { Effect, Order, SessionEvent } from "./effects.ts";
import { StepWeights } from "./step-weights.ts";

type BeginStep = Extract<Effect, { type: "beginStep" }>;

export interface StepHooks {
  tell(event: SessionEvent): void;
  /** Largest number of bytes that a step of the phase held. */
  peakBytes(): number;
  /** Runs a part of the phase's first step, to measure what it holds. */
  measure(work: () => Promise<void>): Promise<void>;
}

interface InHand {
  order: Order;
  shard: number;
  step: ShardStep;
  tasks: readonly string[];
  losses: Record<string, number>;
  lossesAfter: Record<string, number>;
  clock: Clock;
  exchange: Exchange;
  /** Whether the heads have still to move by this step's gradients. */
  headsWait: boolean;
  chunksSent: number;
}

/** Owns the steps in hand. */
export class PhaseSteps {
  readonly #trainer: Trainer;
  readonly #prepared: PreparedExperiment;
  readonly #hooks: StepHooks;
  #inHand: InHand[] = [];
  readonly #weights: StepWeights;
  /** Losses after the step before, measured for all shards before a step begins. */
  #lossesAfter = new Map<number, Record<string, number>>();

  constructor(trainer: Trainer, hooks: StepHooks) {
    this.#trainer = trainer;
    this.#prepared = trainer.prepared;
    this.#weights = new StepWeights(trainer.prepared);
    this.#hooks = hooks;
  }

  /** Weights that scale heads in the present joint step; null where they do not. */
  get headWeights(): readonly number[] | null {
    return this.#weights.ofHeads;
  }

  /** Tasks of a shard that take part in a round. */
  tasksOf(shard: number, at: BeginStep["at"]): readonly string[] {
    const { settings, tasks, shards, roundsPerStep } = this.#prepared;
    const own = shards[shard]!;
    if (roundsPerStep === 1) return own;
    const key = { seed: settings.seed, tasks: tasks.length, epoch: at.epoch, step: at.step };
    const task = tasks[turnOf(key, at.turn)]!;
    return own.includes(task) ? [task] : [];
  }

  /**
   * Measures the step before on its own batch, where the method or a report wants that: for all shards at
   * once, since a batch is read once.
   */
  async measureAfter({ previous, kind, order, shards }: BeginStep): Promise<void> {
    this.#lossesAfter.clear();
    const { method, settings, roundsPerStep } = this.#prepared;
    if (previous === null || roundsPerStep > 1) return;
    const { step } = this.#weights.clockAt(order.at.trunkVersion);
    if (!wantsLossesAfter(method, { step: step - 1, reportEvery: settings.conflictEvery })) return;
    const key = { epoch: previous.epoch, step: previous.step };
    const headsTrain = kind === "joint" && headsMoveTogether(this.#prepared);
    for (const shard of shards) {
      const tasks = this.tasksOf(shard, previous);
      this.#lossesAfter.set(shard, await lossesAt(this.#trainer, { tasks, key, headsTrain }));
    }
  }

  /** Begins a shard's part of a step, and finishes it where nothing has to be decided first. */
  async begin(effect: BeginStep, shard: number, isFirst: boolean): Promise<Record<string, number>> {
    const inHand = await this.#forward(effect, shard, isFirst);
    const { exchange } = inHand;
    this.#inHand.push(inHand);
    if (exchange.first === "nothing") {
      this.#weights.begin(effect.weights, inHand.clock);
      await this.#maybeMeasured(isFirst, () => this.#finish(inHand));
    } else await this.#maybeMeasured(isFirst, () => this.#ask(inHand));
    return inHand.losses;
  }

  /** The method has decided. */
  finish(job: number, weights: readonly number[]): void {
    this.#weights.set(weights);
    for (const inHand of this.#of(job)) this.#finish(inHand);
  }

  /** Sends one more stretch of the rows of each shard. */
  sendRows(job: number): void {
    for (const inHand of this.#of(job)) this.#sendRows(inHand, 1);
  }

  get isBusy(): boolean {
    return this.#inHand.length > 0;
  }

  /** Drops what is in hand; nobody waits for it. */
  drop(): void {
    for (const { step } of this.#inHand) step.dispose();
    this.#inHand = [];
  }

  #of(job: number): InHand[] {
    return this.#inHand.filter(({ order }) => order.job === job);
  }

  async #maybeMeasured(isFirst: boolean, work: () => void): Promise<void> {
    if (!isFirst) return work();
    await this.#hooks.measure(async () => work());
  }

  async #forward(effect: BeginStep, shard: number, isFirst: boolean): Promise<InHand> {
    const { order, at, kind } = effect;
    const tasks = this.tasksOf(shard, at);
    const { method, settings, scaleHeads } = this.#prepared;
    const clock = this.#weights.clockAt(order.at.trunkVersion);
    const exchange = exchangeOf({ method, twoPass: settings.rows.twoPass, scaleHeads, kind });
    const lossesAfter = this.#lossesAfter.get(shard) ?? {};
    const together = kind === "joint" && headsMoveTogether(this.#prepared);
    const headScale = together ? effect.learningRateScale : null;
    const key = { epoch: at.epoch, step: at.step };
    let step: ShardStep | undefined;
    const run = async () => {
      step = await beginShardStep(this.#trainer, { tasks, key, clock, headScale });
    };
    await (isFirst ? this.#hooks.measure(run) : run());
    const { losses } = step!;
    const parts = { order, shard, step: step!, tasks, losses, lossesAfter, clock, exchange };
    return { ...parts, headsWait: together, chunksSent: 0 };
  }

  /** Tells what the method wants to see before it decides. */
  #ask(inHand: InHand): void {
    const { order, shard, step, losses, lossesAfter, exchange } = inHand;
    if (exchange.first === "rows") {
      step.rows();
      this.#moveHeadsUnweighted(inHand);
      return this.#sendRows(inHand, rowsWindow);
    }
    const norms = exchange.first === "norms" ? step.norms() : {};
    this.#moveHeadsUnweighted(inHand);
    this.#hooks.tell({ type: "figures", order, shard, losses, lossesAfter, norms });
  }

  /** Heads that no weight scales need not wait for any. */
  #moveHeadsUnweighted(inHand: InHand): void {
    if (!inHand.headsWait || this.#prepared.scaleHeads) return;
    inHand.step.moveHeads(this.#weights.onHeads(inHand.tasks));
    inHand.headsWait = false;
  }

  #sendRows(inHand: InHand, count: number): void {
    const { order, shard, step, tasks, losses, lossesAfter, exchange } = inHand;
    const { length } = this.#prepared.network.trunk.block.layout;
    const size = stretchLength(this.#prepared.settings.rows);
    const chunks = chunksOf(length, size);
    const rows = step.rows();
    const until = Math.min(chunks, inHand.chunksSent + count);
    for (; inHand.chunksSent < until; inHand.chunksSent++) {
      const chunk = inHand.chunksSent;
      const from = chunk * size;
      const tensors = tasks.map((task, k): NamedTensor => {
        const values = rows[k]!.slice(from, from + size);
        return { name: `row/${task}`, kind: "gradients", values };
      });
      if (chunk === chunks - 1 && !exchange.sums) tensors.push(...statisticsOf(step));
      const peakBytes = this.#hooks.peakBytes();
      const figures = { losses, lossesAfter };
      this.#hooks.tell({ type: "rows", order, shard, chunk, ...figures, tensors, peakBytes });
    }
    const isDone = inHand.chunksSent === chunks && !exchange.weights;
    if (isDone) this.#forget(inHand);
  }

  /** The weights are known: heads move where they waited for them, and the shard's sum goes out. */
  #finish(inHand: InHand): void {
    const { step, exchange, tasks } = inHand;
    if (!exchange.sums) {
      if (inHand.headsWait) step.moveHeads(this.#weights.onHeads(tasks));
      return this.#forget(inHand);
    }
    // Whoever is to know the rows' norms makes the sum of them, and not by a pass more.
    if (this.#prepared.method.learns === "norms") step.rows();
    const weights = this.#weights.onRows(tasks);
    const heads = this.#weights.onHeads(tasks);
    const sum = inHand.headsWait ? step.sumAndMoveHeads(weights, heads) : step.sum(weights);
    this.#tellGradient(inHand, sum);
    this.#forget(inHand);
  }

  #tellGradient(
    { order, shard, step, tasks, losses, lossesAfter, clock, exchange }: InHand,
    sum: Float32Array,
  ): void {
    const { method, network, settings } = this.#prepared;
    const { presence } = step;
    const values = network.isRouted ? withoutAbsent(network, sum, presence) : sum;
    const isReport = method.form === "steps" && isReported(clock.step, settings.conflictEvery);
    const { methods } = this.#trainer;
    const dominance = isReport
      ? Object.fromEntries(tasks.map((task) => [task, methods.dominance(task)]))
      : {};
    this.#hooks.tell({
      type: "gradient",
      order,
      shard,
      losses,
      lossesAfter: exchange.first === "nothing" ? lossesAfter : {},
      norms: method.learns === "norms" ? step.norms() : {},
      dominance,
      present: network.isRouted ? presentWords(presence) : null,
      tensors: [{ name: "gradient", kind: "gradients", values }, ...statisticsOf(step)],
      peakBytes: this.#hooks.peakBytes(),
    });
  }

  #forget(inHand: InHand): void {
    inHand.step.dispose();
    this.#inHand = this.#inHand.filter((each) => each !== inHand);
  }
}

/** Whether a joint step moves heads by gradients at the trunk's own weights. */
function headsMoveTogether({ settings }: PreparedExperiment): boolean {
  return scheduleOf(settings.schedule).joint?.order === "simultaneous";
}

function statisticsOf({ statistics }: ShardStep): NamedTensor[] {
  if (statistics === null) return [];
  return [{ name: "statistics", kind: "gradients", values: statistics }];
}
