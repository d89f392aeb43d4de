// Four tasks whose right answer is known: handwritten digits, the same again, the same turned by 90 degrees,
// and those again. Which task uses which convolutions is learned (Maziarz et al., Flexible multi-task
// networks by learning parameter allocation, 2019, arXiv 1910.04915, section 5.1): tasks of a pair should
// share, the two pairs should not.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  arrayDataset,
  type DataContext,
  type Dataset,
  defineExperiment,
  dropout,
  expected,
  gumbel,
  type HeadFactory,
  noSharing,
  type Router,
  type RoutingSettings,
  routed,
  type Splits,
  sg,
  sharedBottom,
  type TaskDefinition,
} from "@trunkline/core";
import { type DigitSplit, type Digits, digitEdge, readDigits } from "../multi-mnist/digits.ts";
import { rotated } from "./rotate.ts";
import { isRotated } from "./tasks.ts";

/** What is learned, and what it is compared with. */
const routers: Readonly<Record<string, () => Router>> = {
  learned: gumbel,
  noSharing,
  sharedBottom,
};

export default defineExperiment({
  name: "mnist-allocation",
  options: {
    /** Training digits; those that follow them, a tenth as many, are for validation. */
    size: 8000,
    testSize: 2000,
    /** Convolutions side by side in each of the three layers; `noSharing` needs one per task. */
    components: 4,
    /** Share of the components that a task may use, in expectation, before it pays. */
    budget: 0.75,
    /** `sequential`, as published, or `summed`. */
    mode: "sequential",
    /** `learned`, `noSharing` or `sharedBottom`. */
    baseline: "learned",
  },
  build({ size, testSize, components, budget, mode, baseline }) {
    checkRange("size", size, { least: 10, most: 54_000 });
    checkRange("testSize", testSize, { least: 1, most: 10_000 });
    const router = routers[baseline];
    if (router === undefined) {
      throw new RangeError(expected("baseline", Object.keys(routers).join(" or "), baseline));
    }
    const read = digitsOnce();
    const task = (name: string, turned: boolean): TaskDefinition => ({
      async data(context): Promise<Splits> {
        const part = async (split: DigitSplit, from: number, to: number) =>
          taskDataset(await read(context, split), { name, turned, from, to });
        return {
          train: await part("train", 0, size),
          validation: await part("train", size, size + Math.ceil(size / 10)),
          test: await part("test", 0, testSize),
        };
      },
      head,
      loss: "softmaxCrossEntropy",
      metrics: ["accuracy"],
    });
    return {
      trunk: () => trunkOf(router, components),
      tasks: Object.fromEntries(
        Object.entries(isRotated).map(([name, turned]) => [name, task(name, turned)]),
      ),
      // As published: at each step of a task its head, its logits and the convolutions move together.
      schedule: sg(),
      optimizer: { trunk: adam({ learningRate: 5e-3 }), heads: adam({ learningRate: 5e-3 }) },
      routing: {
        mode: mode as NonNullable<RoutingSettings["mode"]>,
        // Published is 5e-3, for two logits; that is 1e-2 for one. Five times as much makes up for a run of
        // 1,500 steps per task in place of 37,500.
        optimizer: adam({ learningRate: 5e-2 }),
        budget,
      },
      batchSize: 16,
      epochs: 3,
    };
  },
});

function trunkOf(router: () => Router, components: number): tf.LayersModel {
  const convolutions = (kernelSize: number, inputShape?: number[]) => {
    const one = () => tf.layers.conv2d({ filters: 4, kernelSize, activation: "relu" });
    const options = { router: router(), ...(inputShape && { inputShape }) };
    return routed(Array.from({ length: components }, one), options);
  };
  return tf.sequential({
    layers: [
      convolutions(5, [digitEdge, digitEdge, 1]),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      convolutions(3),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      convolutions(3),
      tf.layers.flatten(),
      dropout({ rate: 0.5 }),
    ],
  });
}

const head: HeadFactory = ({ inputShape }) =>
  tf.sequential({ layers: [tf.layers.dense({ inputShape, units: 10 })] });

/** Reads each file once, however many tasks want it. */
function digitsOnce(): (context: DataContext, split: DigitSplit) => Promise<Digits> {
  const reads: { [split in DigitSplit]?: Promise<Digits> } = {};
  return ({ open }, split) => {
    reads[split] ??= readDigits(open, split);
    return reads[split];
  };
}

/** A task's own samples: digits `from` to `to`, without the last. */
function taskDataset(
  { images, labels }: Digits,
  { name, turned, from, to }: { name: string; turned: boolean; from: number; to: number },
): Dataset {
  const area = digitEdge ** 2;
  const own = images.subarray(from * area, to * area);
  return arrayDataset({
    inputs: turned ? rotated(own, digitEdge) : own,
    inputShape: [digitEdge, digitEdge, 1],
    scale: 1 / 255,
    labels: { [name]: labels.subarray(from, to) },
  });
}

function checkRange(name: string, value: number, range: { least: number; most: number }): void {
  const { least, most } = range;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(expected(name, `a whole number from ${least} to ${most}`, value));
}
