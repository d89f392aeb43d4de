import * as tf from "@tensorflow/tfjs";
import {
  drawsFor,
  metricByName,
  type PreparedExperiment,
  predict,
  type Split,
  type TaskDefinition,
  taskLoss,
} from "@trunkline/core";
import { describe, expect, test, vi } from "vitest";
import { points, pointTasks, preparedPoints } from "../../test/experiment.ts";
import { evaluateTasks, evaluateUnlessDropped } from "./evaluate.ts";
import { TaskTerms } from "./task-batches.ts";

const tasks = ["inside", "sector", "position"];

async function evaluated(evaluationBatchSize: number, split: Split, wanted = tasks) {
  const prepared = await preparedPoints({ evaluationBatchSize });
  const scores = await evaluateTasks(prepared, new TaskTerms(prepared), { tasks: wanted, split });
  prepared.network.dispose();
  return scores;
}

/** The whole split at once. */
async function whole(prepared: PreparedExperiment, task: string, split: Split) {
  const dataset = prepared.sourceOf(task).splits[split]!;
  const indices = Array.from({ length: dataset.size }, (_, i) => i);
  const draw = drawsFor({ seed: 0, purpose: "none" });
  const batch = await dataset.batch(indices, { epoch: 0, training: false, draw });
  const outputs = predict(prepared.network, task, tf.tensor(batch.inputs, [dataset.size, 2]));
  const labels = batch.labels[task]!;
  return { dataset, outputs, labels, weights: batch.sampleWeights?.[task] };
}

describe("scores", () => {
  test.each(["validation", "test"] as const)(
    "on %s do not depend on the size of chunks",
    async (split) => {
      const once = await evaluated(1000, split);
      for (const chunk of [1, 7, 16]) {
        const scores = await evaluated(chunk, split);
        for (const task of tasks) {
          expect(scores[task]!.metrics).toEqual(once[task]!.metrics);
          expect(scores[task]!.loss).toBeCloseTo(once[task]!.loss, 6);
        }
      }
    },
  );

  test("do not depend on which tasks are computed together", async () => {
    const together = await evaluated(8, "test");
    for (const task of tasks) {
      expect(await evaluated(8, "test", [task])).toEqual({ [task]: together[task] });
    }
  });

  test("are the loss and the metrics of one pass over the split", async () => {
    const scores = await evaluated(8, "test");
    const prepared = await preparedPoints();
    for (const task of tasks) {
      const settings = prepared.settings.tasks[task]!;
      const { dataset, outputs, labels, weights } = await whole(prepared, task, "test");
      const labelSize = labels.length / dataset.size;
      const labelTensor = tf.tensor(labels, [dataset.size, ...dataset.labelShapes[task]!]);
      const extra = weights ? { sampleWeights: tf.tensor1d(weights) } : {};
      const loss = taskLoss(settings)(labelTensor, outputs, extra).dataSync()[0]!;
      expect(scores[task]!.loss).toBeCloseTo(loss, 6);
      const predictions = {
        size: dataset.size,
        outputs: outputs.dataSync() as Float32Array,
        outputSize: outputs.size / dataset.size,
        labels,
        labelSize,
        labelKind: { inside: "binary", sector: "class", position: "real" }[task] as "binary",
      };
      for (const name of settings.metrics as string[]) {
        expect(scores[task]!.metrics[name]).toBe(metricByName(name)(predictions));
      }
    }
    prepared.network.dispose();
  });

  test("count labels that are there, by hand", async () => {
    const scores = await evaluated(8, "test", ["inside"]);
    const prepared = await preparedPoints();
    const { outputs, labels } = await whole(prepared, "inside", "test");
    const logits = outputs.dataSync();
    const there = [...labels.keys()].filter((i) => !Number.isNaN(labels[i]));
    expect(there.length).toBeLessThan(labels.length);
    const losses = there.map((i) => Math.log1p(Math.exp(logits[i]!)) - labels[i]! * logits[i]!);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / there.length;
    expect(scores.inside!.loss).toBeCloseTo(mean, 5);
    const right = there.filter((i) => logits[i]! > 0 === labels[i]! > 0.5);
    expect(scores.inside!.metrics.accuracy).toBe(right.length / there.length);
    prepared.network.dispose();
  });

  test("weigh samples without dividing by the weights, by hand", async () => {
    const scores = await evaluated(8, "test", ["position"]);
    const prepared = await preparedPoints();
    const { outputs, labels, weights } = await whole(prepared, "position", "test");
    const predicted = outputs.dataSync();
    const squares = [...labels.keys()].map(
      (i) => weights![Math.floor(i / 2)]! * (predicted[i]! - labels[i]!) ** 2,
    );
    const mean = squares.reduce((sum, square) => sum + square, 0) / labels.length;
    expect(scores.position!.loss).toBeCloseTo(mean, 5);
    const errors = [...labels.keys()].map((i) => Math.abs(predicted[i]! - labels[i]!));
    const mae = errors.reduce((sum, error) => sum + error, 0) / labels.length;
    expect(scores.position!.metrics.mae).toBeCloseTo(mae, 5);
    prepared.network.dispose();
  });
});

/** Scores of the task `inside` with something changed. */
async function insideWith(changes: Partial<TaskDefinition>) {
  const inside = { ...pointTasks.inside, ...changes };
  const prepared = await preparedPoints({ tasks: { inside } });
  try {
    const terms = new TaskTerms(prepared);
    return await evaluateTasks(prepared, terms, { tasks: ["inside"], split: "test" });
  } finally {
    prepared.network.dispose();
  }
}

test("a metric of the user's own goes by its name", async () => {
  const half = () => 0.5;
  const scores = await insideWith({ metrics: [half, () => 1] });
  expect(scores.inside!.metrics).toEqual({ half: 0.5, metric: 1 });
});

const broken: [string, Partial<TaskDefinition>, RegExp][] = [
  ["loss", { loss: (labels) => labels.mul(Number.NaN) }, /The loss of task `inside`/],
  ["metric", { metrics: [() => Number.NaN] }, /The metric `metric` of task `inside`/],
];

test.each(broken)(
  "a %s that is not finite is an error that names its task",
  async (_, changes, text) => {
    await expect(insideWith(changes)).rejects.toThrow(
      expect.objectContaining({ code: "run/not-finite", message: expect.stringMatching(text) }),
    );
  },
);

test("evaluation leaves no tensor behind", async () => {
  const prepared = await preparedPoints({ evaluationBatchSize: 8 });
  const before = tf.memory().numTensors;
  await evaluateTasks(prepared, new TaskTerms(prepared), { tasks, split: "test" });
  expect(tf.memory().numTensors).toBe(before);
  prepared.network.dispose();
});

test("evaluation hears between chunks that it is dropped, and leaves no tensor behind", async () => {
  const now = { ms: 0 };
  vi.spyOn(performance, "now").mockImplementation(() => now.ms);
  let reads = 0;
  const test = points(31, 3);
  const slow: typeof test = {
    ...test,
    batch(indices, context) {
      reads++;
      now.ms += 200;
      return test.batch(indices, context);
    },
  };
  const data = { train: points(40, 1), validation: points(23, 2), test: slow };
  const prepared = await preparedPoints({ evaluationBatchSize: 8, data });
  reads = 0;
  const before = tf.memory().numTensors;
  const evaluate = (dropped: () => Promise<boolean>) =>
    evaluateUnlessDropped(prepared, new TaskTerms(prepared), { tasks, split: "test" }, dropped);
  // Four chunks; asked every 300 ms at most, so after the second.
  expect(await evaluate(async () => true)).toBe(null);
  expect(reads).toBe(2);
  expect(await evaluate(async () => false)).not.toBe(null);
  expect(tf.memory().numTensors).toBe(before);
  vi.restoreAllMocks();
  prepared.network.dispose();
});
