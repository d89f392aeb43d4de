// What the gradients need of each task in a step: labels, loss, weight and penalty, beside the inputs.

import type * as tf from "@tensorflow/tfjs";
import {
  type HeadBatch,
  type PreparedExperiment,
  routingPenalty,
  type StepDraws,
  type TaskLoss,
  taskLoss,
} from "@trunkline/core";

/** Labels of one task in one batch; borrowed. */
export interface TaskLabels {
  labels: tf.Tensor;
  sampleWeights?: tf.Tensor1D | undefined;
}

interface StepKey {
  epoch: number;
  step: number;
}

export class TaskTerms {
  readonly #losses: ReadonlyMap<string, TaskLoss>;
  readonly #prepared: PreparedExperiment;

  constructor(prepared: PreparedExperiment) {
    const { tasks, settings } = prepared;
    this.#prepared = prepared;
    this.#losses = new Map(tasks.map((task) => [task, taskLoss(settings.tasks[task]!)]));
  }

  loss(task: string): TaskLoss {
    return this.#losses.get(task)!;
  }

  /** lambda_k. */
  weight(task: string): number {
    return this.#prepared.settings.tasks[task]!.weight;
  }

  /**
   * lambda_k where it is a part of the task's gradient; 1 where the method makes steps of gradients, and the
   * weight multiplies the step.
   */
  gradientWeight(task: string): number {
    return this.#prepared.method.form === "steps" ? 1 : this.weight(task);
  }

  /** The task's term in the trunk's gradient, before the method's weight. */
  ofTrunk(task: string, { labels, key }: { labels: TaskLabels; key: StepKey }): HeadBatch {
    return this.#term(task, labels, { weight: this.gradientWeight(task), key });
  }

  /**
   * The task's term in its head's gradient.
   *
   * @param weights - The method's, by task of the experiment; null where they do not scale heads.
   */
  ofHead(
    task: string,
    terms: { labels: TaskLabels; weights: readonly number[] | null; key: StepKey },
  ): HeadBatch {
    const factor = terms.weights?.[this.#prepared.tasks.indexOf(task)] ?? 1;
    return this.#term(task, terms.labels, { weight: this.weight(task) * factor, key: terms.key });
  }

  draws({ epoch, step }: StepKey): StepDraws {
    const { settings, stepsPerEpoch } = this.#prepared;
    return { seed: settings.seed, epoch, step, globalStep: epoch * stepsPerEpoch + step };
  }

  #term(
    task: string,
    { labels, sampleWeights }: TaskLabels,
    { weight, key }: { weight: number; key: StepKey },
  ): HeadBatch {
    const loss = this.loss(task);
    const { network } = this.#prepared;
    const penalty = () => routingPenalty(network, task, this.#progress(key));
    return {
      task,
      labels,
      weight,
      loss,
      ...(sampleWeights && { sampleWeights }),
      ...(network.isRouted && { penalty }),
    };
  }

  /** Share of the run's steps that is done. */
  #progress({ epoch, step }: StepKey): number {
    const { settings, stepsPerEpoch } = this.#prepared;
    return (epoch * stepsPerEpoch + step) / (settings.epochs * stepsPerEpoch);
  }
}
