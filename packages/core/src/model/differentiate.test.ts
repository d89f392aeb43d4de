import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { differentiate, keeping } from "./differentiate.ts";
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
