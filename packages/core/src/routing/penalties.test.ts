import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { dselectK } from "./dselect-k.ts";
import { noSharing } from "./fixed.ts";
import { gumbel } from "./gumbel.ts";
import { allocationPenalty, routingPenalty } from "./penalties.ts";
import { routingSchema } from "./settings.ts";
import { routedNetwork } from "./test-networks.ts";

const sigmoid = (l: number) => 1 / (1 + Math.exp(-l));
const logits = [0.4, -1.2, 2, 0.1];

/** Value and gradient for the logits of two layers of two components. */
function penaltyAt(given: object, progress = 1, at = logits) {
  const settings = routingSchema.parse(given);
  return tf.tidy(() => {
    const f = (l: tf.Tensor) => {
      const layers = tf.split(tf.sigmoid(l), 2) as tf.Tensor1D[];
      return allocationPenalty(layers, settings, progress) ?? tf.mul(0, tf.sum(l));
    };
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor1d(at));
    return { value: value.dataSync()[0]!, gradient: grad.arraySync() as number[] };
  });
}

const ps = logits.map(sigmoid);
const total = ps.reduce((sum, p) => sum + p, 0);

describe("the budget", () => {
  test("costs nothing below the share that it allows", () => {
    const { value, gradient } = penaltyAt({ budget: 0.9, budgetWeight: 3 });
    expect(value).toBe(0);
    expect(gradient.map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  test("presses every logit by lambda p (1 - p) / N above it", () => {
    const { value, gradient } = penaltyAt({ budget: 0.25, budgetWeight: 3 });
    expect(value).toBeCloseTo(3 * (total / 4 - 0.25), 6);
    expect(gradient).toEqual(ps.map((p) => expect.closeTo((3 * p * (1 - p)) / 4, 6)));
  });
});

test.each<[string, object, number]>([
  ["connection", { connectionWeight: 2 }, 2 * total],
  [
    "disconnect",
    { disconnectWeight: 2 },
    2 * ((1 - ps[0]!) * (1 - ps[1]!) + (1 - ps[2]!) * (1 - ps[3]!)),
  ],
  [
    "entropy",
    { entropyWeight: 2, entropyPower: 2 },
    2 * 0.25 * ps.reduce((sum, p) => sum - p * Math.log(p) - (1 - p) * Math.log(1 - p), 0),
  ],
])("the %s term has the value of its formula, half-way through the run", (_, settings, value) => {
  expect(penaltyAt(settings, 0.5).value).toBeCloseTo(value, 5);
});

test.each([
  { connectionWeight: 2 },
  { disconnectWeight: 2 },
  { entropyWeight: 2, entropyPower: 0 },
])("%o presses the logits as finite differences say", (settings) => {
  const h = 1e-2;
  const { gradient } = penaltyAt(settings);
  const slopes = logits.map((logit, i) => {
    const [above, below] = [h, -h].map((shift) =>
      penaltyAt(settings, 1, logits.with(i, logit + shift)),
    );
    return (above!.value - below!.value) / (2 * h);
  });
  expect(gradient).toEqual(slopes.map((slope) => expect.closeTo(slope, 3)));
});

test("a logit that is decided has no entropy and no pressure, and neither is NaN", () => {
  const { value, gradient } = penaltyAt(
    { entropyWeight: 1, disconnectWeight: 1 },
    1,
    [-200, 200, 200, 200],
  );
  expect(value).toBeCloseTo(0, 6);
  expect(gradient.map(Math.abs)).toEqual([0, 0, 0, 0]);
});

test.each([
  ["a network without routed components", noSharing, { connectionWeight: 1 }, false],
  ["allocation without any weight", gumbel, {}, false],
  ["allocation with a weight", gumbel, { connectionWeight: 1 }, true],
  ["a router with a regulariser of its own", () => dselectK({ k: 2 }), {}, true],
])(
  "%s is penalised where there is something to penalise",
  async (_, router, routing, penalised) => {
    const network = await routedNetwork(router, { routing });
    const penalty = routingPenalty(network, "left", 0);
    expect(penalty !== null).toBe(penalised);
    penalty?.dispose();
    network.dispose();
  },
);
