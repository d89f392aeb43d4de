// Two tasks of which plain summing sees one: equally hard, equally near to each other, but for the same
// error `loud` has 1000 times the loss of `faint`, and 1000 times the gradient.
//
// The trunk has room for both. Under plain summing one Adam moves it by the sum, which is `loud`'s gradient,
// and once that is learned, the noise of `loud`'s gradient. `faint` is left with what `loud`'s direction
// tells of it, cos^2 = 0.25 of what can be predicted, and with what the trunk held at the start. Which
// method helps depends on what it promises:
// - mao normalises each task's step by itself, so scales cancel: both are learned;
// - nash-mtl's bargain is the same whatever the scales of the gradients: both are learned;
// - pcgrad takes away what opposes the other task, and leaves the scales: `faint` gets a little further;
// - upgrad keeps the step from opposing a task, which is no promise of progress: little changes.
// Weights of the tasks as in `fixed` would have to be known to a factor of 1000. Figures are in the README.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  defineExperiment,
  drawsFor,
  type LossFunction,
  mao,
  sg,
  type TaskDefinition,
} from "@trunkline/core";
import { inputSize, samples } from "./samples.ts";

const sizes = { train: 800, validation: 200, test: 1000 };

/** Of the trunk, whichever method moves it. */
const learningRate = 0.003;

/** Squared error times `scale`; the metric, explained variance, is the same for any. */
const squaredError =
  (scale: number): LossFunction =>
  (labels, outputs) =>
    tf.squaredDifference(labels, outputs).mul(scale);

const regression = (loss: LossFunction): TaskDefinition => ({
  head: ({ inputShape }) => tf.sequential({ layers: [tf.layers.dense({ inputShape, units: 1 })] }),
  loss,
  metrics: ["explainedVariance"],
});

export default defineExperiment({
  name: "conflict",
  options: { scale: 1000 },
  build: ({ scale }) => ({
    data: ({ seed }) => {
      const split = (name: keyof typeof sizes) =>
        samples(sizes[name], drawsFor({ seed, purpose: `samples/${name}` }));
      return { train: split("train"), validation: split("validation"), test: split("test") };
    },
    trunk: () =>
      tf.sequential({ layers: [tf.layers.dense({ inputShape: [inputSize], units: 2 })] }),
    tasks: { loud: regression(squaredError(scale)), faint: regression(squaredError(1)) },
    schedule: sg(),
    optimizer: { trunk: adam({ learningRate }), heads: adam({ learningRate: 0.01 }) },
    method: mao({ learningRate }),
    batchSize: 16,
    epochs: 15,
    evaluateEvery: 5,
  }),
});
