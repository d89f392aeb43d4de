// Routed networks and batches for the tests of this folder: small, seeded, three tasks on one input.

import * as tf from "@tensorflow/tfjs";
import type { StepDraws } from "../model/forward.ts";
import type { TaskBatch } from "../model/gradients.ts";
import { buildNetwork, type Network, type NetworkOptions } from "../model/network.ts";
import { numbers, squared } from "../model/test-networks.ts";
import { gumbel } from "./gumbel.ts";
import { routed } from "./routed-layer.ts";
import type { Router } from "./router.ts";
import { routingSchema } from "./settings.ts";

export const features = 4;
export const tasks = ["left", "right", "third"];
export const draws: StepDraws = { seed: 5, epoch: 1, step: 2, globalStep: 40_000 };

const dense = tf.layers.dense;

/** Two routed layers of three components, the second ones small models. */
export function routedNetwork(
  router: () => Router = gumbel,
  { routing = {}, ...change }: Omit<Partial<NetworkOptions>, "routing"> & { routing?: object } = {},
): Promise<Network> {
  const head = ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({ layers: [dense({ units: 2, inputShape })] });
  const small = () =>
    tf.sequential({
      layers: [dense({ units: 4, inputShape: [5], activation: "relu" }), dense({ units: 3 })],
    });
  const wide = () => dense({ units: 5, activation: "tanh" });
  return buildNetwork({
    seed: 7,
    trunk: () =>
      tf.sequential({
        layers: [
          dense({ units: 4, inputShape: [features], activation: "tanh" }),
          routed([wide(), wide(), wide()], { router: router() }),
          routed([small(), small(), small()], { router: router() }),
        ],
      }),
    heads: Object.fromEntries(tasks.map((task) => [task, head])),
    routing: routingSchema.parse(routing),
    ...change,
  });
}

/** One batch of a task, of six rows. */
export function batchOf(task: string, inputs = numbers([6, features], 3)): TaskBatch {
  return { task, source: "", inputs, labels: numbers([6, 2], 4), weight: 0.7, loss: squared };
}

/** Sets the logits of one task at both layers, where routers are of one array. */
export function setRouter(network: Network, task: string, values: readonly number[][]): void {
  network.head(task).routers.forEach(({ variables }, layer) => {
    const [variable] = variables;
    tf.tidy(() => variable!.assign(tf.tensor(values[layer]!, variable!.shape)));
  });
}
