// The trunk at work: rows and gradients as they come in, the method's decisions, the trunk's steps, and the
// state of everything between them. The machine names what to do; nothing here knows who sent it.

import {
  headStateOf,
  type MethodMemory,
  meanShards,
  methodStateOf,
  type PreparedExperiment,
  RunError,
  type RunEventBody,
  sumShards,
} from "@trunkline/core";
import type { Effect, MachineEvent } from "../machine/effects.ts";
import type { RunPlan } from "../machine/plan.ts";
import type { TensorRef } from "../machine/state.ts";
import { type AllocationEvent, allocationEvent, unlikelyLayers } from "./balance/allocation.ts";
import { type At, Balancer } from "./balance/balancer.ts";
import { dominanceOf } from "./balance/dominance.ts";
import { expandGradient } from "./sparse-gradient.ts";
import { notFiniteState, type Snapshot, type Store } from "./store.ts";
import { trunkUpdater } from "./trunk-update.ts";

type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;

export interface TrainingOptions {
  prepared: PreparedExperiment;
  plan: RunPlan;
  store: Store;
  emit(event: RunEventBody): void;
}

export class Training {
  readonly #prepared: PreparedExperiment;
  readonly #plan: RunPlan;
  readonly #store: Store;
  readonly #emit: (event: RunEventBody) => void;
  readonly #update: ReturnType<typeof trunkUpdater>;
  readonly #balancer: Balancer;
  readonly #warned = new Set<string>();
  #phase = 0;
  #at: At = { clock: { step: 0, epoch: 0 }, epoch: 0, step: 0 };

  constructor({ prepared, plan, store, emit }: TrainingOptions) {
    this.#prepared = prepared;
    this.#plan = plan;
    this.#store = store;
    this.#emit = emit;
    this.#update = trunkUpdater(prepared);
    this.#balancer = new Balancer(prepared, {
      chunkLength: plan.rowsChunkLength,
      hooks: {
        report: (report) => emit({ type: "balance", phase: this.#phase, ...report }),
        fallback: (fallback) => this.#tellFallback(fallback),
      },
    });
  }

  get memory(): MethodMemory {
    return this.#balancer.memory;
  }

  /** Weights for the messages that begin a step, or a lease. */
  weightsFor(message: "beginPhase" | "trunk" | "lease", trunkVersion: number): number[] | null {
    if (message === "lease") return this.#balancer.headWeights();
    return this.#balancer.next(this.#clock(trunkVersion));
  }

  beginPhase(phase: number): void {
    this.#phase = phase;
  }

  takeRows({ chunk, rows }: EffectOf<"takeRows">): void {
    this.#balancer.takeRows(
      chunk,
      rows.map((handle) => this.#store.take(handle)),
    );
  }

  weigh({ epoch, step, trunkVersion, figures }: EffectOf<"weigh">): MachineEvent {
    this.#at = { clock: this.#clock(trunkVersion), epoch, step };
    return { type: "weighed", weights: this.#balancer.weigh(this.#at, figures) };
  }

  commit(effect: EffectOf<"commit">): MachineEvent {
    const { epoch, step, trunkVersion, learningRateScale, figures } = effect;
    this.#at = { clock: this.#clock(trunkVersion - 1), epoch, step };
    const { trunk } = this.#store;
    const direction = this.#direction(effect);
    const statistics = effect.statistics.map((handle) => this.#store.take(handle));
    const before = this.#balancer.wantsMovement ? trunk.weights.slice() : null;
    this.#update(trunk, {
      direction,
      statistics: statistics.length > 0 ? meanShards(statistics) : null,
      epoch,
      learningRateScale,
    });
    this.#balancer.finished(this.#at, figures, before && difference(trunk.weights, before));
    this.#tellDominance(figures.dominance);
    return { type: "committed", trunkVersion };
  }

  storeHead({ task, tensors, scalars }: EffectOf<"storeHead">): void {
    const head = headStateOf(task, this.#taken(tensors), scalars);
    const broken = notFiniteState(head);
    if (broken !== undefined) throw headNotFinite(task, broken);
    this.#store.setHead(task, head);
  }

  storeMethod({ task, tensors, scalars }: EffectOf<"storeMethod">): void {
    this.#store.setMethod(task, methodStateOf(task, this.#taken(tensors), scalars));
  }

  /** The state of now; nothing of it is written to any more. */
  snapshot(epoch: number): Snapshot {
    return { ...this.#store.snapshot(epoch), method: this.#balancer.memory };
  }

  /** The end of a phase: what it came to is told, and its state taken. */
  edge({ phase, epoch }: EffectOf<"edge">): Snapshot {
    this.#balancer.endPhase();
    const allocation = allocationEvent(this.#prepared, this.#store, { phase, epoch });
    if (allocation !== null) {
      this.#emit(allocation);
      this.#warnOfUnlikely(allocation);
    }
    return this.snapshot(epoch);
  }

  /** Once for each task and layer. */
  #warnOfUnlikely(allocation: AllocationEvent): void {
    for (const { task, layer } of unlikelyLayers(allocation)) {
      const place = `${task}/${layer}`;
      if (this.#warned.has(place)) continue;
      this.#warned.add(place);
      const message = `Task ${task} uses no component of routed layer ${layer} with probability 0.5 or more; evaluation and export take the likeliest one. \`routing.disconnectWeight\` works against it.`;
      this.#emit({ type: "warning", message });
    }
  }

  restore(snapshot: Snapshot): void {
    this.#store.restore(snapshot);
    this.#balancer.restore(snapshot.method);
  }

  #taken(tensors: readonly TensorRef[]) {
    return tensors.map(({ name, handle }) => ({ name, values: this.#store.take(handle) }));
  }

  #direction({ gradients }: EffectOf<"commit">): Float32Array {
    if (gradients.length === 0) return this.#balancer.direction(this.#at.clock);
    const { components, gradientLengths } = this.#plan;
    const whole = gradients.map(({ handle, present }) => {
      const values = this.#store.take(handle);
      if (present === null) return values;
      return expandGradient(values, present, { components, length: gradientLengths.gradient ?? 0 });
    });
    return sumShards(whole);
  }

  /** The run's shared and joint steps before a trunk version. */
  #clock(trunkVersion: number) {
    const perStep = this.#plan.inTurn ? this.#prepared.tasks.length : 1;
    const step = Math.floor(trunkVersion / perStep);
    return { step, epoch: Math.floor(step / this.#prepared.stepsPerEpoch) };
  }

  #tellFallback({
    kind,
    tasks,
    instead,
  }: {
    kind: "zeroGradient" | "noSolution";
    tasks: readonly number[];
    instead: string;
  }): void {
    const names = tasks.map((k) => this.#prepared.tasks[k]!);
    const what =
      kind === "zeroGradient"
        ? `no gradient for the trunk from ${names.join(", ")}`
        : `the method has no solution for the gradients of ${names.join(", ")}`;
    const { epoch, step } = this.#at;
    const message = `In epoch ${epoch}, step ${step}: ${what}; ${instead}.`;
    this.#emit({
      type: "methodFallback",
      phase: this.#phase,
      epoch,
      step,
      kind,
      tasks: names,
      message,
    });
  }

  #tellDominance(meanSquares: Readonly<Record<string, readonly number[]>>): void {
    if (Object.keys(meanSquares).length === 0) return;
    const { epoch, step } = this.#at;
    const layers = this.#prepared.network.trunk.block.layout.parameters.map(({ name }) => name);
    const shares = dominanceOf(meanSquares);
    this.#emit({ type: "dominance", phase: this.#phase, epoch, step, layers, shares });
  }
}

function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]!);
}

function headNotFinite(task: string, what: string): RunError {
  return new RunError(
    "run/not-finite",
    `The ${what} of the head of task \`${task}\` became NaN or infinite.`,
    { remedy: "Lower the heads' learning rate, or clip gradients with `clip.heads`." },
  );
}
