// Steps of shared and joint phases as this worker has them in hand: begun, told of, and finished once the
// method has decided. What is said when follows from the method's exchange, which both sides know.

import {
  type Clock,
  chunksOf,
  clockAt,
  drawsFor,
  type Exchange,
  exchangeOf,
  isReported,
  type NamedTensor,
  normalised,
  type PreparedExperiment,
  reductionWeights,
  rowsChunkLength,
  rowsWindow,
  scheduleOf,
  turnOf,
  wantsLossesAfter,
} from "@trunkline/core";
import type { ShardStep } from "../training/shard-step.ts";
import { presentWords, withoutAbsent } from "../training/sparse-gradient.ts";
import { beginShardStep, lossesAt, type Trainer } from "../training/step.ts";
import type { Effect, Order, SessionEvent } from "./effects.ts";

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
  /** The method's weights of the last step, where this worker knows them. */
  #weights: readonly number[] | null = null;

  constructor(trainer: Trainer, hooks: StepHooks) {
    this.#trainer = trainer;
    this.#prepared = trainer.prepared;
    this.#hooks = hooks;
  }

  /** Weights that scale heads in the present joint step; null where they do not. */
  get headWeights(): readonly number[] | null {
    return this.#prepared.scaleHeads ? this.#weights : null;
  }

  /** Tasks of a shard that take part in a round. */
  tasksOf(shard: number, at: BeginStep["at"]): readonly string[] {
    const { settings, tasks, shards } = this.#prepared;
    const own = shards[shard]!;
    if (settings.routing.mode !== "sequential") return own;
    const key = { seed: settings.seed, tasks: tasks.length, epoch: at.epoch, step: at.step };
    const task = tasks[turnOf(key, at.turn)]!;
    return own.includes(task) ? [task] : [];
  }

  /** Begins a shard's part of a step, and finishes it where nothing has to be decided first. */
  async begin(effect: BeginStep, shard: number, isFirst: boolean): Promise<Record<string, number>> {
    const inHand = await this.#forward(effect, shard, isFirst);
    const { exchange } = inHand;
    this.#inHand.push(inHand);
    if (exchange.first === "nothing") {
      this.#weights = effect.weights ?? this.#steadyWeights(inHand.clock);
      await this.#maybeMeasured(isFirst, () => this.#finish(inHand));
    } else await this.#maybeMeasured(isFirst, () => this.#ask(inHand));
    return inHand.losses;
  }

  /** The method has decided. */
  finish(job: number, weights: readonly number[]): void {
    this.#weights = weights;
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
    const clock = this.#clock(order.at.trunkVersion);
    const exchange = exchangeOf({ method, twoPass: settings.rows.twoPass, scaleHeads, kind });
    const lossesAfter = await this.#lossesAfter(effect, tasks, clock);
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

  async #lossesAfter(
    { previous, kind }: BeginStep,
    tasks: readonly string[],
    clock: Clock,
  ): Promise<Record<string, number>> {
    const { method, settings } = this.#prepared;
    if (previous === null || settings.routing.mode === "sequential") return {};
    const before = { step: clock.step - 1, reportEvery: settings.conflictEvery };
    if (!wantsLossesAfter(method, before)) return {};
    const key = { epoch: previous.epoch, step: previous.step };
    const headsTrain = kind === "joint" && headsMoveTogether(this.#prepared);
    return lossesAt(this.#trainer, { tasks, key, headsTrain });
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
    inHand.step.moveHeads(this.#headFactors(inHand, null));
    inHand.headsWait = false;
  }

  #sendRows(inHand: InHand, count: number): void {
    const { order, shard, step, tasks, losses, lossesAfter, exchange } = inHand;
    const { length } = this.#prepared.network.trunk.block.layout;
    const chunks = chunksOf(length, rowsChunkLength);
    const rows = step.rows();
    const until = Math.min(chunks, inHand.chunksSent + count);
    for (; inHand.chunksSent < until; inHand.chunksSent++) {
      const chunk = inHand.chunksSent;
      const from = chunk * rowsChunkLength;
      const tensors = tasks.map((task, k): NamedTensor => {
        const values = rows[k]!.slice(from, from + rowsChunkLength);
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
    const { step, exchange } = inHand;
    if (!exchange.sums) {
      if (inHand.headsWait) step.moveHeads(this.#headFactors(inHand, this.#weights));
      return this.#forget(inHand);
    }
    // Whoever is to know the rows' norms makes the sum of them, and not by a pass more.
    if (this.#prepared.method.learns === "norms") step.rows();
    const weights = this.#trunkFactors(inHand);
    const heads = this.#headFactors(inHand, this.#prepared.scaleHeads ? this.#weights : null);
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

  /** Factors on the shard's rows. */
  #trunkFactors({ tasks }: InHand): number[] {
    const { method } = this.#prepared;
    if (method.form === "steps") {
      const lambdas = this.#prepared.tasks.map((task) => this.#trainer.terms.weight(task));
      return this.#own(tasks, reductionWeights(method, lambdas));
    }
    return this.#own(tasks, this.#weights);
  }

  /** Factors on the heads' gradients, which have their batch's weight in them already. */
  #headFactors({ tasks }: InHand, weights: readonly number[] | null): number[] {
    const { terms } = this.#trainer;
    return this.#own(tasks, weights).map(
      (weight, k) => (weight * terms.weight(tasks[k]!)) / terms.gradientWeight(tasks[k]!),
    );
  }

  #own(tasks: readonly string[], all: readonly number[] | null): number[] {
    return tasks.map((task) => all?.[this.#prepared.tasks.indexOf(task)] ?? 1);
  }

  /** Weights that follow from counters alone. */
  #steadyWeights(clock: Clock): readonly number[] | null {
    const { method, settings, tasks } = this.#prepared;
    if (method.form !== "weighting" || method.learns !== "nothing") return null;
    const random = drawsFor({ seed: settings.seed, purpose: "method", step: clock.step });
    const view = { taskCount: tasks.length, clock, losses: [], norms: [], gram: [], random };
    return normalised(method.weigh({}, view).weights, settings.normalise ?? method.normalise, []);
  }

  #clock(trunkVersion: number): Clock {
    const { stepsPerEpoch, settings, tasks } = this.#prepared;
    const roundsPerStep = settings.routing.mode === "sequential" ? tasks.length : 1;
    return clockAt(trunkVersion, { roundsPerStep, stepsPerEpoch });
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
