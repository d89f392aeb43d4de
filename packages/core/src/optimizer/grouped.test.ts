import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { adam } from "./adam.ts";
import { flatOptimizer } from "./flat-optimizer.ts";
import { GroupedOptimizer, initialGroupedState } from "./grouped.ts";
import { momentum } from "./momentum.ts";
import { tensorOptimizer } from "./tensor-optimizer.ts";

const first = () => [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3]))];
const second = () => [tf.variable(tf.tensor1d([4, 5, 6]))];
const gradients = () => [[tf.tensor1d([0.1, -0.2]), tf.tensor1d([0.3])], [tf.tensor1d([1, 2, 3])]];
const groupsOf = (variables: tf.Variable[][]) => [
  { name: "", spec: momentum({ learningRate: 1 }), variables: variables[0]! },
  { name: "routing", spec: adam(), variables: variables[1]! },
];

test("a single group without a name has the state of a single optimizer", async () => {
  const variables = [first(), first()];
  const grouped = new GroupedOptimizer([{ name: "", spec: adam(), variables: variables[0]! }]);
  const single = tensorOptimizer(adam()).init(variables[1]!);
  for (let step = 0; step < 3; step++) {
    grouped.update(gradients().slice(0, 1), [0.01]);
    single.update(gradients()[0]!, 0.01);
  }
  expect(await grouped.read()).toEqual(await single.read());
  const initial = initialGroupedState([{ name: "", spec: adam(), length: 3 }]);
  expect(initial).toEqual(flatOptimizer(adam()).init(3));
});

test("groups follow their own rules and rates, side by side in one state", async () => {
  const variables = [first(), second()];
  const grouped = new GroupedOptimizer(groupsOf(variables));
  grouped.update(gradients(), [0.5, 0.25]);
  const { arrays, scalars } = await grouped.read();
  expect(Object.keys(arrays).sort()).toEqual(["routing.m", "routing.v", "velocity"]);
  expect(arrays["routing.m"]).toHaveLength(3);
  expect(Object.keys(scalars)).toEqual(["routing.beta1Power", "routing.beta2Power"]);
  expect(variables[0]![1]!.dataSync()[0]).toBeCloseTo(3 - 0.5 * 0.3, 5);
  // Adam's first step is the rate, against the sign of the gradient.
  expect(variables[1]![0]!.arraySync()).toEqual(
    [3.75, 4.75, 5.75].map((x) => expect.closeTo(x, 5)),
  );
});

test("a state that was read goes on as if nothing had happened", async () => {
  const through = [first(), second()];
  const resumed = [first(), second()];
  const whole = new GroupedOptimizer(groupsOf(through));
  whole.update(gradients(), [0.1, 0.1]);
  const part = new GroupedOptimizer(groupsOf(resumed));
  part.load(await whole.read());
  resumed.flat().forEach((variable, i) => {
    variable.assign(through.flat()[i]!);
  });
  for (const optimizer of [whole, part]) optimizer.update(gradients(), [0.1, 0.1]);
  expect(await part.read()).toEqual(await whole.read());
  for (const [i, variable] of resumed.flat().entries()) {
    expect(variable.dataSync()).toEqual(through.flat()[i]!.dataSync());
  }
});

test("arrays without numbers need not be there", async () => {
  const grouped = new GroupedOptimizer([{ name: "", spec: adam(), variables: [] }]);
  grouped.load({ arrays: {}, scalars: { beta1Power: 0.9, beta2Power: 0.999 } });
  expect((await grouped.read()).scalars).toEqual({ beta1Power: 0.9, beta2Power: 0.999 });
});

test("the state goes with the optimizer", () => {
  const variables = [first(), second()];
  const before = tf.memory().numTensors;
  const grouped = new GroupedOptimizer(groupsOf(variables));
  const step = gradients();
  grouped.update(step, [0.1, 0.1]);
  tf.dispose(step);
  grouped.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
