// What the gradients need of each task in a step: labels, loss and weight, beside the inputs.

import type * as tf from "@tensorflow/tfjs";
import {
  type HeadBatch,
  methodByName,
  type PreparedExperiment,
  type StepDraws,
  type TaskLoss,
  taskLoss,
} from "@trunkline/core";

/** Labels of one task in one batch; borrowed. */
export interface TaskLabels {
  labels: tf.Tensor;
  sampleWeights?: tf.Tensor1D | undefined;
}

export class TaskTerms {
  readonly #losses: ReadonlyMap<string, TaskLoss>;
  /** lambda_k alpha_k. */
  readonly #trunkWeights: ReadonlyMap<string, number>;
  readonly #prepared: PreparedExperiment;

  constructor(prepared: PreparedExperiment) {
    const { tasks, settings } = prepared;
    const alphas = methodByName(settings.method).weights(tasks);
    this.#prepared = prepared;
    this.#losses = new Map(tasks.map((task) => [task, taskLoss(settings.tasks[task]!)]));
    this.#trunkWeights = new Map(
      tasks.map((task, k) => [task, settings.tasks[task]!.weight * alphas[k]!]),
    );
  }

  loss(task: string): TaskLoss {
    return this.#losses.get(task)!;
  }

  /** The task's term in the trunk's gradient, weighted by task and method. */
  ofTrunk(task: string, labels: TaskLabels): HeadBatch {
    return this.#term(task, labels, this.#trunkWeights.get(task)!);
  }

  /** The task's term in its head's gradient, weighted by the task alone. */
  ofHead(task: string, labels: TaskLabels): HeadBatch {
    return this.#term(task, labels, this.#prepared.settings.tasks[task]!.weight);
  }

  draws({ epoch, step }: { epoch: number; step: number }): StepDraws {
    return { seed: this.#prepared.settings.seed, epoch, step };
  }

  #term(task: string, { labels, sampleWeights }: TaskLabels, weight: number): HeadBatch {
    const loss = this.loss(task);
    return { task, labels, weight, loss, ...(sampleWeights && { sampleWeights }) };
  }
}
