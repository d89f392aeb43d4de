// The trunk at work: rows and gradients as they come in, the method's decisions, the trunk's steps, and the
// state of everything between them. The machine names what to do; nothing here knows who sent it.

import {
  type Clock,
  clockAt,
  headStateOf,
  type MethodMemory,
  meanShards,
  methodStateOf,
  type Place,
  type PreparedExperiment,
  type RunEventBody,
  sumShards,
} from "@trunkline/core";
import type { Effect, MachineEvent } from "../machine/effects.ts";
import type { RunPlan } from "../machine/plan.ts";
import type { TensorRef } from "../machine/state.ts";
import { allocationEvent, unlikelyWarnings } from "./balance/allocation.ts";
import type { At } from "./balance/at.ts";
import { Balancer } from "./balance/balancer.ts";
import { dominanceEvent } from "./balance/dominance.ts";
import { fallbackEvent } from "./balance/fallbacks.ts";
import { requireHead, requireMethod } from "./not-finite.ts";
import { expandGradient } from "./sparse-gradient.ts";
import type { Snapshot, Store } from "./store.ts";
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

  constructor({ prepared, plan, store, emit }: TrainingOptions) {
    this.#prepared = prepared;
    this.#plan = plan;
    this.#store = store;
    this.#emit = emit;
    this.#update = trunkUpdater(prepared);
    this.#balancer = new Balancer(prepared, {
      chunkLength: plan.rowsChunkLength,
      hooks: {
        report: (report) => emit({ type: "balance", ...report }),
        fallback: (fallback, at) => emit(fallbackEvent(fallback, at, prepared.tasks)),
      },
    });
  }

  get memory(): MethodMemory {
    return this.#balancer.memory;
  }

  /** Weights for the messages that begin a step, or a lease. */
  weightsFor(message: "beginPhase" | "trunk" | "lease", { trunkVersion }: Place): number[] | null {
    if (message === "lease") return this.#balancer.headWeights();
    return this.#balancer.next(this.#clock(trunkVersion));
  }

  takeRows({ trunkVersion, chunk, rows }: EffectOf<"takeRows">): void {
    const stretches = rows.map((handle) => this.#store.take(handle));
    this.#balancer.takeRows(this.#clock(trunkVersion), chunk, stretches);
  }

  weigh({ phase, epoch, step, trunkVersion, figures }: EffectOf<"weigh">): MachineEvent {
    const at = { clock: this.#clock(trunkVersion), phase, epoch, step };
    return { type: "weighed", weights: this.#balancer.weigh(at, figures) };
  }

  commit(effect: EffectOf<"commit">): MachineEvent {
    const { phase, epoch, step, trunkVersion, learningRateScale, figures } = effect;
    const at: At = { clock: this.#clock(trunkVersion - 1), phase, epoch, step };
    const { trunk } = this.#store;
    const direction = this.#direction(effect, at.clock);
    const statistics = effect.statistics.map((handle) => this.#store.take(handle));
    const before = this.#balancer.wantsMovement ? trunk.weights.slice() : null;
    this.#update(trunk, {
      direction,
      statistics: statistics.length > 0 ? meanShards(statistics) : null,
      epoch,
      learningRateScale,
    });
    this.#balancer.finished(at, figures, before && difference(trunk.weights, before));
    const dominance = dominanceEvent(this.#prepared, at, figures.dominance);
    if (dominance !== null) this.#emit(dominance);
    return { type: "committed", trunkVersion };
  }

  storeHead({ task, tensors, scalars }: EffectOf<"storeHead">): void {
    const head = headStateOf(task, this.#taken(tensors), scalars);
    requireHead(task, head);
    this.#store.setHead(task, head);
  }

  storeMethod({ task, tensors, scalars }: EffectOf<"storeMethod">): void {
    const state = methodStateOf(task, this.#taken(tensors), scalars);
    requireMethod(task, state);
    this.#store.setMethod(task, state);
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
      const messages = unlikelyWarnings(allocation, this.#warned);
      for (const message of messages) this.#emit({ type: "warning", message });
    }
    return this.snapshot(epoch);
  }

  restore(snapshot: Snapshot): void {
    this.#store.restore(snapshot);
    this.#balancer.restore(snapshot.method);
  }

  #taken(tensors: readonly TensorRef[]) {
    return tensors.map(({ name, handle }) => ({ name, values: this.#store.take(handle) }));
  }

  #direction({ gradients }: EffectOf<"commit">, clock: Clock): Float32Array {
    if (gradients.length === 0) return this.#balancer.direction(clock);
    const { components, gradientLengths } = this.#plan;
    const whole = gradients.map(({ handle, present }) => {
      const values = this.#store.take(handle);
      if (present === null) return values;
      return expandGradient(values, present, { components, length: gradientLengths.gradient ?? 0 });
    });
    return sumShards(whole);
  }

  #clock(trunkVersion: number): Clock {
    return clockAt(trunkVersion, this.#prepared);
  }
}

function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]!);
}
