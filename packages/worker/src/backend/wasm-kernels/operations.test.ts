import * as tf from "@tensorflow/tfjs";
import { describe, test } from "vitest";
import { expectSameOnWasm, filled } from "../../../test/compare-backends.ts";

/** Gradient of a sum of `f(x)` that weighs every element differently, and `f(x)`. */
const gradient = (f: (x: tf.Tensor) => tf.Tensor, shape = [4, 6]) => {
  return (): tf.Tensor[] => {
    const x = filled(shape, 1).add(0.01);
    const weighted = (at: tf.Tensor): tf.Scalar => {
      const y = f(at);
      return y.mul(filled(y.shape, 2)).sum();
    };
    return [f(x), tf.grad(weighted)(x)];
  };
};

const image = [2, 6, 6, 3];
const labels = (): tf.Tensor => filled([4, 6], 7).greater(0).cast("float32");

const operations: [string, () => tf.Tensor | tf.Tensor[]][] = [
  ["elu", gradient(tf.elu)],
  ["selu", gradient(tf.selu)],
  ["relu6", gradient((x) => tf.relu6(x.mul(9)))],
  ["leakyRelu", gradient((x) => tf.leakyRelu(x, 0.1))],
  ["prelu", gradient((x) => tf.prelu(x, tf.scalar(0.2)))],
  ["softplus", gradient(tf.softplus)],
  ["sigmoid", gradient(tf.sigmoid)],
  ["logSigmoid", gradient(tf.logSigmoid)],
  ["tanh", gradient(tf.tanh)],
  ["erf", gradient(tf.erf)],
  ["softmax", gradient((x) => tf.softmax(x))],
  ["logSoftmax", gradient((x) => tf.logSoftmax(x))],
  ["logSumExp", gradient((x) => tf.logSumExp(x, 1))],
  ["exp", gradient(tf.exp)],
  ["expm1", gradient(tf.expm1)],
  ["log1p", gradient((x) => tf.log1p(x.abs()))],
  ["log", gradient((x) => tf.log(x.square().add(0.1)))],
  ["sqrt", gradient((x) => tf.sqrt(x.abs().add(0.1)))],
  ["rsqrt", gradient((x) => tf.rsqrt(x.square().add(0.1)))],
  ["reciprocal", gradient((x) => tf.reciprocal(x.square().add(1)))],
  ["pow", gradient((x) => tf.pow(x.abs().add(0.1), 1.5))],
  ["sign and abs", gradient((x) => tf.sign(x).mul(tf.abs(x)))],
  ["atan2", gradient((x) => tf.atan2(x, x.square().add(1)))],
  ["maximum and minimum", gradient((x) => x.maximum(0.2).minimum(x.mul(2)))],
  ["where", gradient((x) => tf.where(filled([4, 6], 3).greater(0), x.square(), x.mul(3)))],
  ["clip", gradient((x) => tf.clipByValue(x, -0.5, 0.5))],
  ["mean, max and norm", gradient((x) => tf.concat([x.mean(0), x.max(0), tf.norm(x, 2, 0)]))],
  ["moments", gradient((x) => tf.moments(x, 0).variance)],
  ["cumsum", gradient((x) => tf.cumsum(x, 1))],
  ["prod", gradient((x) => tf.prod(x, 1))],
  ["division with broadcast", gradient((x) => x.div(x.square().sum(1, true)))],
  [
    "slice, pad and concat",
    gradient((x) =>
      tf.concat(
        [
          x.slice([1, 1], [2, 3]).pad([
            [1, 0],
            [0, 0],
          ]),
          x.slice([0, 0], [3, 3]),
        ],
        1,
      ),
    ),
  ],
  [
    "stack, unstack, split",
    gradient((x) => tf.stack([...tf.unstack(x, 1), ...tf.unstack(x, 1)]).split(2)[0]!),
  ],
  ["tile, reverse, transpose", gradient((x) => tf.tile(tf.reverse(x, 0).transpose(), [2, 1]))],
  ["gather", gradient((x) => tf.gather(x, tf.tensor1d([3, 0, 3, 3], "int32")))],
  ["gather of columns", gradient((x) => tf.gather(x, tf.tensor1d([5, 0, 0], "int32"), 1))],
  ["oneHot and argMax", () => tf.oneHot(filled([4, 6]).argMax(1).cast("int32"), 6)],
  ["max pooling", gradient((x) => tf.maxPool(x as tf.Tensor4D, 3, 2, "same"), image)],
  [
    "max pooling of negative numbers",
    gradient((x) => tf.maxPool(x.sub(2) as tf.Tensor4D, 2, 2, "valid"), image),
  ],
  [
    "max pooling of equal numbers",
    gradient((x) => tf.maxPool(tf.relu(x.mul(5).floor()) as tf.Tensor4D, 3, 1, "same"), image),
  ],
  [
    "max pooling in three dimensions",
    gradient((x) => tf.maxPool3d(x.sub(2) as tf.Tensor5D, 2, 2, "same"), [2, 4, 5, 4, 3]),
  ],
  [
    "average pooling in three dimensions",
    gradient((x) => tf.avgPool3d(x as tf.Tensor5D, 3, 2, "same"), [2, 4, 5, 4, 3]),
  ],
  [
    "max and argMax of negative numbers",
    () => [filled([4, 6]).sub(2).max(1), filled([4, 6]).sub(2).argMax(1)],
  ],
  ["topk", () => tf.topk(filled([4, 6]).sub(2), 3).values],
  [
    "confusion matrix",
    () =>
      tf.math.confusionMatrix(
        tf.tensor1d([0, 1, 2, 1], "int32"),
        tf.tensor1d([0, 2, 2, 1], "int32"),
        3,
      ),
  ],
  ["average pooling", gradient((x) => tf.avgPool(x as tf.Tensor4D, 3, 2, "same"), image)],
  [
    "local response normalisation",
    gradient((x) => tf.localResponseNormalization(x as tf.Tensor4D, 2), image),
  ],
  ["resizing", gradient((x) => tf.image.resizeBilinear(x as tf.Tensor4D, [4, 9]), image)],
  [
    // One image: with more the cpu backend's gradient reads the wrong ones.
    "nearest resizing",
    gradient((x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [12, 12]), [1, 6, 6, 3]),
  ],
  [
    "transposed convolution",
    gradient(
      (x) =>
        tf.conv2dTranspose(
          x as tf.Tensor4D,
          filled([3, 3, 2, 3], 5) as tf.Tensor4D,
          [2, 12, 12, 2],
          2,
          "same",
        ),
      image,
    ),
  ],
  [
    "convolution in one dimension",
    gradient(
      (x) => tf.conv1d(x as tf.Tensor3D, filled([3, 3, 4], 5) as tf.Tensor3D, 2, "same"),
      [2, 9, 3],
    ),
  ],
  [
    "convolution in three dimensions",
    () => {
      const loss = (x: tf.Tensor, filter: tf.Tensor): tf.Scalar => {
        const y = tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 2, "same");
        return y.mul(filled(y.shape, 3)).sum();
      };
      return tf.grads(loss)([filled([2, 5, 4, 4, 3]), filled([2, 3, 2, 3, 2], 1)]);
    },
  ],
  ["sigmoid cross entropy", gradient((x) => tf.losses.sigmoidCrossEntropy(labels(), x))],
  ["huber loss", gradient((x) => tf.losses.huberLoss(labels(), x, undefined, 0.5))],
  ["mean squared error", gradient((x) => tf.losses.meanSquaredError(labels(), x))],
  ["absolute difference", gradient((x) => tf.losses.absoluteDifference(labels(), x))],
  ["log loss", gradient((x) => tf.losses.logLoss(labels(), tf.sigmoid(x)))],
  ["cosine distance", gradient((x) => tf.losses.cosineDistance(labels(), x, 1))],
  [
    "unsortedSegmentSum",
    () => tf.unsortedSegmentSum(filled([4, 6]), tf.tensor1d([2, 0, 7, 2], "int32"), 4),
  ],
  ["isNaN", () => tf.logicalNot(tf.isNaN(tf.log(filled([4, 6])))).cast("float32")],
];

describe("operations that losses, layers and metrics use equal the cpu backend's on wasm", () => {
  test.each(operations)("%s", async (_, calculate) => {
    await expectSameOnWasm(calculate);
  });
});
