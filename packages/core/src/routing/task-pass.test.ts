import { expect, test } from "vitest";
import { temperatureAt } from "./task-pass.ts";
import { routedNetwork } from "./test-networks.ts";

const at = (globalStep: number) => ({ seed: 0, epoch: 0, step: 0, globalStep });

test("the temperature falls with the root of the task steps to its floor", async () => {
  // Three tasks: steps 0, 33, 833 and 3333 are task steps 0, 99, 2499 and 9999.
  const network = await routedNetwork();
  const found = [0, 33, 833, 3333, 100_000].map((step) => temperatureAt(network, at(step)));
  expect(found).toEqual([50, 5, 1, 0.5, 0.5]);
  network.dispose();
});

test("the temperature begins and ends where the settings say", async () => {
  const routing = { temperature: { start: 10, final: 2 } };
  const network = await routedNetwork(undefined, { routing });
  expect([0, 5, 100].map((step) => temperatureAt(network, at(step)))).toEqual([10, 2.5, 2]);
  network.dispose();
});
