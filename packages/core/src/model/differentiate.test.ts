import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { differentiate, keeping, record } from "./differentiate.ts";
import { tensorsLeftBy } from "./test-networks.ts";

test("gradients come in the order of the variables, zero where there is no path", () => {
  const [a, b, c] = [
    tf.variable(tf.scalar(2)),
    tf.variable(tf.ones([2])),
    tf.variable(tf.scalar(5)),
  ];
  const product = () => tf.mul(a, c) as tf.Scalar;
  const { value, gradients } = differentiate(product, [c, b, a]);
  expect(value.arraySync()).toBe(10);
  expect(gradients.map((gradient) => gradient.arraySync())).toEqual([2, [0, 0], 5]);
  const none = differentiate(product, [b]);
  expect(none.gradients[0]!.arraySync()).toEqual([0, 0]);
  expect(differentiate(product, []).value.arraySync()).toBe(10);
  tf.disposeVariables();
});

test("a throw leaves neither tensors nor a running tape", async () => {
  const a = tf.variable(tf.ones([3]));
  const left = await tensorsLeftBy(() => {
    const failing = () => {
      tf.square(tf.exp(a));
      throw new Error("no loss");
    };
    expect(() => differentiate(failing, [a])).toThrow("no loss");
  });
  expect(left).toBe(0);
  const { value, gradients } = differentiate(() => tf.sum(tf.square(a)) as tf.Scalar, [a]);
  expect(gradients[0]!.arraySync()).toEqual([2, 2, 2]);
  tf.dispose([a, value, ...gradients]);
});

test("kept tensors outlive a tidy and go when the work throws", async () => {
  const kept = keeping((keep) => tf.tidy(() => void keep(tf.scalar(1))));
  expect(kept).toBeUndefined();
  const left = await tensorsLeftBy(() => {
    const failing = () =>
      keeping((keep) => {
        tf.tidy(() => void keep(tf.scalar(1)));
        throw new Error("later");
      });
    expect(failing).toThrow("later");
  });
  expect(left).toBe(0);
});

test("a recording gives one gradient per vector of weights from one forward pass", async () => {
  const a = tf.variable(tf.tensor1d([1, 2]));
  const b = tf.variable(tf.scalar(3));
  let passes = 0;
  const left = await tensorsLeftBy(() => {
    const recording = record(() => {
      passes++;
      const first = tf.sum(tf.square(a)) as tf.Scalar;
      const second = tf.mul(tf.sum(tf.exp(tf.mul(a, 0))), b) as tf.Scalar;
      return [first, second];
    });
    expect([...recording.values.dataSync()]).toEqual([5, 6]);
    const read = (weights: number[]) =>
      tf.tidy(() => recording.gradients(weights, [b, a]).map((each) => each.arraySync()));
    expect(read([1, 0])).toEqual([0, [2, 4]]);
    expect(read([0, 1])).toEqual([2, [0, 0]]);
    expect(read([10, -1])).toEqual([-2, [20, 40]]);
    expect(read([0, 0])).toEqual([0, [0, 0]]);
    expect(recording.gradients([1, 1], [])).toEqual([]);
    recording.dispose();
  });
  expect(passes).toBe(1);
  expect(left).toBe(0);
  tf.dispose([a, b]);
});

test("a value of weight 0 costs nothing and spoils nothing", async () => {
  const a = tf.variable(tf.scalar(0));
  const recording = record(() => [
    tf.mul(a, 3) as tf.Scalar,
    tf.mean(tf.sqrt(tf.mul(a, 1))) as tf.Scalar,
  ]);
  const read = (weights: number[]) =>
    tf.tidy(() => recording.gradients(weights, [a])[0]!.arraySync());
  expect(read([1, 1])).toBe(Number.POSITIVE_INFINITY);
  expect(read([1, 0])).toBe(3);
  const { kernels } = await tf.profile(() => recording.gradients([1, 0], [a]));
  expect(kernels.map(({ name }) => name)).not.toContain("Sqrt");
  recording.dispose();
  a.dispose();
});

test("other work between the passes of a recording is not recorded", () => {
  const a = tf.variable(tf.scalar(2));
  const recording = record(() => [tf.square(a) as tf.Scalar]);
  const other = differentiate(() => tf.exp(a) as tf.Scalar, [a]);
  const [gradient] = recording.gradients([1], [a]);
  expect(gradient!.arraySync()).toBe(4);
  recording.dispose();
  tf.dispose([a, other.value, ...other.gradients, gradient!]);
});
