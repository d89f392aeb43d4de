// One shard's part of a shared or joint step: its forward pass, its tasks' rows where the method wants them,
// its weighted sum, and its heads' move where heads move too.
// Letters: M = tasks of the shard, P = length of the trunk.

import {
  absentStretches,
  type Clock,
  componentStretches,
  firstNotFinite,
  type HeadMotion,
  type JointPass,
  jointPass,
  type Network,
  normOf,
  ofTask,
  type RowBlock,
  RunError,
  rowNotFinite,
  type StepDraws,
  type StepPass,
  sharedPass,
  type TaskBatch,
  weightedSum,
} from "@trunkline/core";
import { requireFinite } from "./losses.ts";
import type { StepKey, Trainer } from "./step.ts";

export interface ShardStepTerms {
  tasks: readonly string[];
  key: StepKey;
  clock: Clock;
  batches: readonly TaskBatch[];
  /** Factor on the heads' learning rate where heads move at the same weights; null where they are frozen. */
  headScale: number | null;
}

export class ShardStep {
  readonly losses: Record<string, number>;
  /** `[S]`, or null where the trunk has none. */
  readonly statistics: Float32Array | null;
  /** By component of the routed trunk, ascending: whether any task of the shard uses it. */
  readonly presence: readonly boolean[];
  readonly #trainer: Trainer;
  readonly #terms: ShardStepTerms;
  readonly #draws: StepDraws;
  readonly #pass: StepPass;
  readonly #joint: JointPass | null;
  #rows: Float32Array[] | null = null;
  #figures: (number | undefined)[] = [];

  constructor(trainer: Trainer, terms: ShardStepTerms) {
    const { prepared } = trainer;
    this.#trainer = trainer;
    this.#terms = terms;
    this.#draws = trainer.terms.draws(terms.key);
    const { network } = prepared;
    this.presence = presenceOf(network, terms.tasks, this.#draws);
    const isJoint = terms.headScale !== null;
    this.#joint = isJoint ? jointPass(network, terms.batches, this.#draws) : null;
    this.#pass = this.#joint ?? sharedPass(network, terms.batches, this.#draws);
    this.losses = this.#pass.losses;
    this.statistics = this.#pass.statistics;
    try {
      requireFinite(this.losses);
    } catch (error) {
      this.#pass.dispose();
      throw error;
    }
  }

  /** Rows of the tasks as the method's transform leaves them, `[M][P]`; borrowed. */
  rows(): readonly Float32Array[] {
    this.#rows ??= this.#terms.tasks.map((task, k) => this.#row(task, k));
    return this.#rows;
  }

  /** Norms of the rows, or what the transform reports in their place. */
  norms(): Record<string, number> {
    const rows = this.rows();
    const named = this.#terms.tasks.map(
      (task, k) => [task, this.#figures[k] ?? normOf(rows[k]!)] as const,
    );
    return Object.fromEntries(named);
  }

  /** `sum_k weights[k] row_k`, `[P]`; from one backward pass where nobody made rows. */
  sum(weights: readonly number[]): Float32Array {
    if (this.#rows === null && !this.#trainer.methods.isKept) return this.#pass.trunk(weights);
    const rows = this.rows();
    return weightedSum(rows, weights, new Float32Array(rows[0]!.length));
  }

  /** As {@link sum}, and the heads move; for the price of one backward pass where their weights agree. */
  sumAndMoveHeads(weights: readonly number[], headWeights: readonly number[]): Float32Array {
    const together =
      this.#rows === null &&
      !this.#trainer.methods.isKept &&
      weights.every((weight, k) => weight === headWeights[k]);
    if (!together) {
      const sum = this.sum(weights);
      this.moveHeads(headWeights);
      return sum;
    }
    const { trunk, heads } = this.#joint!.both(weights);
    this.#move(heads);
    return trunk;
  }

  /** Moves the heads by their gradients at the step's weights. */
  moveHeads(weights: readonly number[]): void {
    this.#move(this.#joint!.heads(weights));
  }

  dispose(): void {
    this.#pass.dispose();
    this.#rows = null;
  }

  #move(heads: Readonly<Record<string, HeadMotion>>): void {
    const { key, headScale, tasks } = this.#terms;
    for (const task of tasks) {
      this.#trainer.heads.update(task, heads[task]!, { epoch: key.epoch, scale: headScale! });
    }
  }

  #row(task: string, k: number): Float32Array {
    const { tasks, clock } = this.#terms;
    const row = this.#pass.trunk(tasks.map((_, j) => (j === k ? 1 : 0)));
    if (firstNotFinite(row) >= 0) throw rowNotFinite(task);
    const loss = this.losses[task]! * this.#trainer.terms.weight(task);
    const blocks = blocksOf(this.#trainer.prepared.network, task, this.#draws);
    const step = { clock, loss, ...(blocks && { blocks }) };
    this.#figures[k] = namingTask(task, () => this.#trainer.methods.apply(task, row, step));
    return row;
  }
}

function presenceOf(network: Network, tasks: readonly string[], draws: StepDraws): boolean[] {
  if (!network.isRouted) return [];
  const absent = new Set(absentStretches(network, tasks, draws).map(({ from }) => from));
  return componentStretches(network).map(({ from }) => !absent.has(from));
}

/** The components that the task's pass used, and what lies between them. */
function blocksOf(network: Network, task: string, draws: StepDraws): RowBlock[] | undefined {
  if (!network.isRouted) return undefined;
  const presence = presenceOf(network, [task], draws);
  const blocks: RowBlock[] = [];
  let at = 0;
  for (const [c, { from, to }] of componentStretches(network).entries()) {
    if (from > at) blocks.push({ from: at, to: from, present: true });
    blocks.push({ from, to, present: presence[c]! });
    at = to;
  }
  const { length } = network.trunk.block.layout;
  if (at < length) blocks.push({ from: at, to: length, present: true });
  return blocks;
}

/** A transform does not know its task; what it throws does. */
function namingTask<T>(task: string, apply: () => T): T {
  try {
    return apply();
  } catch (error) {
    throw error instanceof RunError ? ofTask(error, task) : error;
  }
}
