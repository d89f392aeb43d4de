import { expect, test } from "vitest";
import { allocationCosines, allocationOf } from "./allocation.ts";
import { noSharing } from "./fixed.ts";
import { gumbel } from "./gumbel.ts";
import { routedNetwork, setRouter, tasks } from "./test-networks.ts";

test("a task's allocation follows from its head's flat weights alone", async () => {
  const network = await routedNetwork();
  setRouter(network, "left", [
    [Math.log(3), -Math.log(3), 0],
    [-1, -2, -3],
  ]);
  const weights = network.head("left").block.readWeights();
  setRouter(network, "left", [
    [9, 9, 9],
    [9, 9, 9],
  ]);
  const [first, second] = allocationOf(network, "left", weights);
  expect(first!.probabilities).toEqual([0.75, 0.25, 0.5].map((p) => expect.closeTo(p, 6)));
  expect(first!.active).toEqual([true, false, true]);
  expect(first!.entropy).toBeCloseTo(2 * 0.5623351446 + Math.log(2), 6);
  expect(second!.active).toEqual([true, false, false]);
  expect(allocationOf(network, "left")[1]!.active).toEqual([true, true, true]);
  network.dispose();
});

test("tasks that use the same components have cosine one, strangers zero", async () => {
  const network = await routedNetwork();
  setRouter(network, "left", [
    [30, -30, 30],
    [30, -30, -30],
  ]);
  setRouter(network, "right", [
    [30, -30, 30],
    [30, -30, -30],
  ]);
  setRouter(network, "third", [
    [-30, 30, -30],
    [30, 30, 30],
  ]);
  const cosines = allocationCosines(tasks.map((task) => allocationOf(network, task)));
  const far = expect.closeTo(1 / Math.sqrt(12), 6);
  expect(cosines).toEqual([
    [expect.closeTo(1, 6), expect.closeTo(1, 6), far],
    [expect.closeTo(1, 6), expect.closeTo(1, 6), far],
    [far, far, expect.closeTo(1, 6)],
  ]);
  network.dispose();
  const apart = await routedNetwork(noSharing);
  const own = allocationCosines(tasks.map((task) => allocationOf(apart, task)));
  expect(own).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  apart.dispose();
});

test("components that a task may not use have probability zero", async () => {
  const network = await routedNetwork(() => gumbel({ allowed: (task) => [task, (task + 1) % 3] }));
  const [layer] = allocationOf(network, "third");
  expect(layer!.probabilities).toEqual([0.5, 0, 0.5]);
  expect(layer!.active).toEqual([true, false, true]);
  network.dispose();
});
