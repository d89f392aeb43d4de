// The heads of a worker's shards: their optimizers on the device, and the way in and out for their state.

import * as tf from "@tensorflow/tfjs";
import {
  type BlockState,
  clipTensorsByGlobalNorm,
  clipTensorsByValue,
  flatOptimizer,
  initialPlateau,
  learningRateAt,
  type NetworkPart,
  type PreparedExperiment,
  type TensorOptimizer,
  tensorOptimizer,
} from "@trunkline/core";

/** Owns the optimizers; the network owns the weights. */
export class Heads {
  readonly #prepared: PreparedExperiment;
  readonly #optimizers = new Map<string, TensorOptimizer>();

  constructor(prepared: PreparedExperiment) {
    this.#prepared = prepared;
  }

  part(task: string): NetworkPart {
    return this.#prepared.network.head(task);
  }

  load(task: string, state: BlockState): void {
    const { block } = this.part(task);
    block.writeWeights(state.weights);
    block.writeStatistics(state.statistics);
    // What has no numbers does not travel: a head without parameters comes without any array.
    const empty = flatOptimizer(this.#prepared.settings.optimizer.heads).init(0).arrays;
    const { arrays, scalars } = state.optimizer;
    this.#optimizer(task).load({ arrays: { ...empty, ...arrays }, scalars });
  }

  async read(task: string): Promise<BlockState> {
    const { block } = this.part(task);
    const optimizer = await this.#optimizer(task).read();
    return { weights: block.readWeights(), statistics: block.readStatistics(), optimizer };
  }

  /**
   * One update of a head: clip, optimizer, batch-norm statistics. Takes ownership of the tensors.
   *
   * @param epoch - Global epoch, which the learning rate follows.
   */
  update(
    task: string,
    step: { gradients: tf.Tensor[]; statistics: tf.Tensor[] | null },
    rate: { epoch: number; scale: number },
  ): void {
    const { optimizer, epochs } = this.#prepared.settings;
    const plateau = { ...initialPlateau(), scale: rate.scale };
    const learningRate = learningRateAt(optimizer.heads.learningRate, rate.epoch, epochs, plateau);
    const clipped = this.#clip(step.gradients);
    this.#optimizer(task).update(clipped, learningRate);
    const { block } = this.part(task);
    if (step.statistics !== null) block.assignStatistics(step.statistics);
    tf.dispose([...step.gradients, ...clipped, ...(step.statistics ?? [])]);
  }

  dispose(): void {
    for (const optimizer of this.#optimizers.values()) optimizer.dispose();
    this.#optimizers.clear();
  }

  #clip(gradients: tf.Tensor[]): tf.Tensor[] {
    const { value, globalNorm } = this.#prepared.settings.clip.heads;
    let clipped = gradients;
    if (value !== undefined) clipped = clipTensorsByValue(clipped, value);
    if (globalNorm === undefined) return clipped;
    const scaled = clipTensorsByGlobalNorm(clipped, globalNorm);
    if (clipped !== gradients) tf.dispose(clipped);
    return scaled;
  }

  #optimizer(task: string): TensorOptimizer {
    const known = this.#optimizers.get(task);
    if (known !== undefined) return known;
    const spec = this.#prepared.settings.optimizer.heads;
    const made = tensorOptimizer(spec).init(this.part(task).block.variables);
    this.#optimizers.set(task, made);
    return made;
  }
}
