// MultiMNIST: two overlapping digits on one image, and up to eight questions about them.
// Made from the original digits at start; nothing is downloaded and no image is written.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  arrayDataset,
  ateSg,
  type DataContext,
  type Dataset,
  defineExperiment,
  drawsFor,
  expected,
  type Splits,
  type TaskDefinition,
} from "@trunkline/core";
import { type CanvasOptions, canvasEdge, makeCanvases, room } from "./canvases.ts";
import { type DigitSplit, readDigits } from "./digits.ts";
import { answersTo, type Question, questions } from "./tasks.ts";

export default defineExperiment({
  name: "multi-mnist",
  options: {
    /** How many of the questions of `tasks.ts`, 1 to 8. */
    tasks: 2,
    /** Pixels by which digits are off their corners; more of them is harder. */
    jitter: 2,
    /** Units of the trunk, its features. */
    width: 256,
    trainSize: 60_000,
    testSize: 10_000,
  },
  build({ tasks, jitter, width, trainSize, testSize }) {
    checkRange("tasks", tasks, { least: 1, most: Object.keys(questions).length });
    checkRange("jitter", jitter, { least: 0, most: room });
    checkRange("width", width, { least: 1 });
    // Training samples are divided into train and validation.
    checkRange("trainSize", trainSize, { least: 2 });
    checkRange("testSize", testSize, { least: 1 });
    const chosen = Object.entries(questions).slice(0, tasks);
    const dataset = (context: DataContext, split: DigitSplit, size: number) =>
      canvasDataset(context, split, { size, jitter, chosen });
    return {
      data: async (context): Promise<Splits> => ({
        train: await dataset(context, "train", trainSize),
        test: await dataset(context, "test", testSize),
      }),
      trunk: () =>
        tf.sequential({
          layers: [
            tf.layers.dense({ inputShape: [canvasEdge ** 2], units: width, activation: "relu" }),
          ],
        }),
      tasks: Object.fromEntries(chosen.map(([name, question]) => [name, taskOf(question)])),
      schedule: ateSg({ sharedEpochs: 1, headEpochs: 1 }),
      optimizer: { trunk: adam({ learningRate: 1e-3 }), heads: adam({ learningRate: 1e-3 }) },
      batchSize: 256,
      epochs: 10,
    };
  },
});

function taskOf({ outputs }: Question): TaskDefinition {
  return {
    head: ({ inputShape }) =>
      tf.sequential({ layers: [tf.layers.dense({ inputShape, units: outputs })] }),
    loss: outputs === 1 ? "sigmoidCrossEntropy" : "softmaxCrossEntropy",
    metrics: outputs === 1 ? ["accuracy", "auc"] : ["accuracy"],
  };
}

/** Training canvases are of training digits only, test canvases of test digits only. */
async function canvasDataset(
  { seed, open }: DataContext,
  split: DigitSplit,
  { chosen, ...options }: CanvasOptions & { chosen: [string, Question][] },
): Promise<Dataset> {
  const canvases = makeCanvases(await readDigits(open, split), options, {
    draw: drawsFor({ seed, purpose: `pairs/${split}` }),
    shift: drawsFor({ seed, purpose: `offsets/${split}` }),
  });
  const labels = chosen.map(([name, question]) => [name, answersTo(question, canvases)] as const);
  return arrayDataset({
    inputs: canvases.images,
    inputShape: [canvasEdge ** 2],
    scale: 1 / 255,
    labels: Object.fromEntries(labels),
  });
}

function checkRange(
  name: string,
  value: number,
  { least, most = Number.POSITIVE_INFINITY }: { least: number; most?: number },
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = Number.isFinite(most) ? `from ${least} to ${most}` : `of at least ${least}`;
  throw new RangeError(expected(name, `a whole number ${range}`, value));
}
