// The heads of a worker's shards: their optimizers on the device, and the way in and out for their state.

import * as tf from "@tensorflow/tfjs";
import {
  type BlockState,
  clipTensorsByGlobalNorm,
  clipTensorsByValue,
  GroupedOptimizer,
  initialPlateau,
  learningRateAt,
  type NetworkPart,
  optimizerGroups,
  type PreparedExperiment,
} from "@trunkline/core";

/** Owns the optimizers; the network owns the weights. */
export class Heads {
  readonly #prepared: PreparedExperiment;
  readonly #optimizers = new Map<string, GroupedOptimizer>();

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
    this.#optimizer(task).load(state.optimizer);
  }

  async read(task: string): Promise<BlockState> {
    const { block } = this.part(task);
    const optimizer = await this.#optimizer(task).read();
    return { weights: block.readWeights(), statistics: block.readStatistics(), optimizer };
  }

  /**
   * One update of a head: clip, optimizer, batch-norm statistics. Takes ownership of the tensors. Router
   * parameters, the last of the head's, follow the routing's optimizer and are not clipped.
   *
   * @param epoch - Global epoch, which the learning rate follows.
   */
  update(
    task: string,
    step: { gradients: tf.Tensor[]; statistics: tf.Tensor[] | null },
    rate: { epoch: number; scale: number },
  ): void {
    const { epochs } = this.#prepared.settings;
    const { block } = this.part(task);
    const plateau = { ...initialPlateau(), scale: rate.scale };
    const learningRates = this.#groups(task).map(({ spec }) =>
      learningRateAt(spec.learningRate, rate.epoch, epochs, plateau),
    );
    const ofModel = step.gradients.length - block.layout.own.length;
    const clipped = this.#clip(step.gradients.slice(0, ofModel));
    this.#optimizer(task).update([clipped, step.gradients.slice(ofModel)], learningRates);
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

  #optimizer(task: string): GroupedOptimizer {
    const known = this.#optimizers.get(task);
    if (known !== undefined) return known;
    const { variables, layout } = this.part(task).block;
    const ofModel = variables.length - layout.own.length;
    const parts = [variables.slice(0, ofModel), variables.slice(ofModel)];
    const groups = this.#groups(task).map((group, i) => ({ ...group, variables: parts[i]! }));
    const made = new GroupedOptimizer(groups);
    this.#optimizers.set(task, made);
    return made;
  }

  #groups(task: string) {
    const { settings, network } = this.#prepared;
    return optimizerGroups(this.part(task).block.layout, {
      model: settings.optimizer.heads,
      routing: network.routing.settings.optimizer,
    });
  }
}
