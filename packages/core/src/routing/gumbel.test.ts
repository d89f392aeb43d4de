import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { gumbel, sampleWith, softSample } from "./gumbel.ts";

const logitOf = (p: number) => Math.log(p / (1 - p));
const place = { candidates: 3, inputs: 4 };

/** Values and gradient of sum(soft) at given u. */
function softAt(p: number, us: readonly number[], temperature: number) {
  return tf.tidy(() => {
    const logits = tf.fill([us.length], logitOf(p)) as tf.Tensor1D;
    const soft = (x: tf.Tensor) => softSample(x as tf.Tensor1D, us.map(logitOf), temperature);
    return { s: soft(logits).arraySync(), slope: tf.grad(soft)(logits).arraySync() as number[] };
  });
}

describe("the soft sample", () => {
  // Golden values: computed in double precision from s = sigmoid((l + logit u) / tau), s (1 - s) / tau.
  test("has the values and slopes of its formula", () => {
    const { s, slope } = softAt(0.97, [0.1, 0.6, 0.9], 2);
    const closeTo = (expected: number[]) => expected.map((value) => expect.closeTo(value, 6));
    expect(s).toEqual(closeTo([0.654626195, 0.874438018, 0.944625096]));
    expect(slope).toEqual(closeTo([0.11304537, 0.054898085, 0.026154262]));
    expect(softAt(0.5, [0.1, 0.6, 0.9], 2).s).toEqual(closeTo([0.25, 0.550510257, 0.75]));
  });
});

test.each([0.1, 0.5, 0.97].flatMap((p) => [0.5, 5, 50].map((tau) => [p, tau] as const)))(
  "a component of p = %f is on in that share of the draws at temperature %f",
  (p, temperature) => {
    const router = gumbel();
    const logits = Float32Array.of(logitOf(p), logitOf(p), logitOf(p));
    const draw = drawsFor({ seed: 1, purpose: "test" });
    let on = 0;
    for (let i = 0; i < 4000; i++) {
      const { present } = router.sample([logits], place, { temperature, draw });
      on += present.filter(Boolean).length;
    }
    // Four standard errors of 12 000 draws at p = 1/2 are 0.018.
    expect(Math.abs(on / 12_000 - p)).toBeLessThan(0.02);
  },
);

describe("a training pass's weights", () => {
  const noise = [0.3, -0.2, 0.9];
  const logits = [0.5, -0.4, 0.1];
  const temperature = 1.5;

  test.each([
    ["the mean of those that are on", [0.5, -0.4, 0.1], [0.5, 0, 0.5]],
    ["zero where all are off", [-1, -1, -1], [0, 0, 0]],
    ["one where a single one is on", [-1, -1, 1], [0, 0, 1]],
  ])("are %s", (_, values, weights) => {
    const sample = sampleWith(Float32Array.from(values), noise, temperature);
    const found = tf.tidy(() => sample.weights([tf.tensor1d(values)], tf.zeros([1])).arraySync());
    expect(found).toEqual(weights);
    expect(sample.present).toEqual(weights.map((weight) => weight > 0));
  });

  test("have the gradient of the straight-through estimator through the normaliser", () => {
    // dl_c = (dw_c / n - sum_j dw_j b_j / n^2) s_c (1 - s_c) / tau with n components on.
    const dw = [0.7, -1.1, 0.4];
    const sample = sampleWith(Float32Array.from(logits), noise, temperature);
    const objective = (l: tf.Tensor) => tf.sum(tf.mul(sample.weights([l], l), tf.tensor1d(dw)));
    const found = tf.tidy(() => tf.grad(objective)(tf.tensor1d(logits)).arraySync() as number[]);
    const on = [1, 0, 1];
    const total = dw.reduce((sum, value, i) => sum + value * on[i]!, 0);
    const expected = dw.map((value, i) => {
      const s = 1 / (1 + Math.exp(-(logits[i]! + noise[i]!) / temperature));
      return expect.closeTo(((value / 2 - total / 4) * s * (1 - s)) / temperature, 6);
    });
    expect(found).toEqual(expected);
  });

  test("move logits, in the mean over draws, against the slope of the expected loss", () => {
    // Two components with outputs 1 and -1 and the loss (y - 1)^2: the first should win.
    const router = gumbel();
    const draw = drawsFor({ seed: 3, purpose: "test" });
    const start = [0.2, 0.3];
    const mean = [0, 0];
    for (let i = 0; i < 300; i++) {
      tf.tidy(() => {
        const { weights } = router.sample([Float32Array.from(start)], place, {
          temperature: 1,
          draw,
        });
        const loss = (l: tf.Tensor) =>
          tf.square(tf.sub(tf.sum(tf.mul(weights([l], l), tf.tensor1d([1, -1]))), 1));
        const gradient = tf.grad(loss)(tf.tensor1d(start)).arraySync() as number[];
        gradient.forEach((value, c) => {
          mean[c]! += value / 300;
        });
      });
    }
    expect(mean[0]).toBeLessThan(0);
    expect(mean[1]).toBeGreaterThan(0);
    const slope = slopesOfExpectedLoss(start);
    expect(slope.map(Math.sign)).toEqual(mean.map(Math.sign));
  });
});

/** By finite differences of sum over the four patterns of their probability times their loss. */
function slopesOfExpectedLoss([a, b]: number[]): number[] {
  const p = (logit: number) => 1 / (1 + Math.exp(-logit));
  const expected = (x: number, y: number) => {
    // Outputs are 0, 1, -1 and 0; losses 1, 0, 4 and 1.
    const [on, other] = [p(x), p(y)];
    return (1 - on) * (1 - other) + (1 - on) * other * 4 + on * other;
  };
  const h = 1e-4;
  return [
    (expected(a! + h, b!) - expected(a! - h, b!)) / (2 * h),
    (expected(a!, b! + h) - expected(a!, b! - h)) / (2 * h),
  ];
}

test.each([
  ["those of at least one half, a tie included", [0, -0.1, 2], [0, 2]],
  ["the likeliest where none is", [-3, -1, -2], [1]],
])("evaluation uses %s", (_, logits, chosen) => {
  const choice = gumbel().choose([Float32Array.from(logits)], place);
  expect(choice).toEqual({ chosen, combine: { kind: "mean" } });
});

test("all components begin at the initial probability", () => {
  const router = gumbel({ initial: 0.97 });
  const [parameter] = router.parameters(place);
  const initial = parameter!.initial(drawsFor({ seed: 0, purpose: "test" }));
  expect(router.usage([initial], place)).toEqual(
    [0.97, 0.97, 0.97].map((p) => expect.closeTo(p, 6)),
  );
});
