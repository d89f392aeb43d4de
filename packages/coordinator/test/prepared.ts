// Small prepared experiments for tests of the driver: two tasks, a trunk of three parameters, no files.

import * as tf from "@tensorflow/tfjs";
import {
  arrayDataset,
  defineExperiment,
  type ExperimentSettings,
  type PreparedExperiment,
  prepareExperiment,
  resolveExperiment,
} from "@trunkline/core";
import type { StepFigures } from "../src/machine/effects.ts";

const head = ({ inputShape }: { inputShape: number[] }) =>
  tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape })] });

/** Tasks `left` and `right`, of weights 1 and 4; the caller disposes the network. */
export function preparedWith(
  settings: Partial<ExperimentSettings>,
  set: Record<string, string> = {},
): Promise<PreparedExperiment> {
  const inputs = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const label = new Float32Array(8);
  const experiment = defineExperiment({
    name: "small",
    build: () => ({
      data: {
        train: arrayDataset({ inputs, inputShape: [3], labels: { left: label, right: label } }),
      },
      trunk: () =>
        tf.sequential({
          layers: [tf.layers.dense({ inputShape: [3], units: 1, useBias: false })],
        }),
      tasks: {
        left: { head, loss: "meanSquaredError" },
        right: { head, loss: "meanSquaredError", weight: 4 },
      },
      shards: 2,
      conflictEvery: 2,
      ...settings,
    }),
  });
  const open = () => {
    throw new Error("no files");
  };
  return prepareExperiment(resolveExperiment(experiment, { set }), { open });
}

/** Figures of a step; what is not given is empty. */
export function figuresOf(changes: Partial<StepFigures> = {}): StepFigures {
  return { losses: { left: 1, right: 2 }, lossesAfter: {}, norms: {}, dominance: {}, ...changes };
}
