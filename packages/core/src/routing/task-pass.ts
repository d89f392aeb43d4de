// A task's way through the routed layers: a sampled one in training, which keeps the components that are
// off in the graph for the sake of their logits, and the greedy one that evaluation takes.
// Letters: B = samples, n = candidates.

import * as tf from "@tensorflow/tfjs";
import type { StepDraws } from "../model/forward.ts";
import type { Network } from "../model/network.ts";
import { drawsFor } from "../random/draws.ts";
import { combine } from "./combine.ts";
import type { RouterSample } from "./router.ts";
import { type RoutingPass, withRouting } from "./routing-context.ts";
import { stopGradient } from "./stop-gradient.ts";
import { routerValues, type TaskRouter } from "./task-router.ts";

/**
 * Runs `pass` with the routes that a training step draws for the task: a function of its routers' values, the
 * seed, epoch and step, the same for trunk and head and on every worker.
 */
export function withSampledRoutes<T>(
  network: Network,
  task: string,
  draws: StepDraws,
  pass: () => T,
): T {
  const routing: RoutingPass = (layer, x, component) => {
    const router = network.head(task).routers[layer.ordinal]!;
    const { present, weights } = sampleOf(network, task, router, draws);
    const w = weights(router.variables, x);
    const terms = router.allowed.map((index, i) => {
      const output = present[i] ? component(index) : stopGradient(() => component(index));
      return tf.mul(output, weightOf(w, i, output.rank));
    });
    return tf.addN(terms);
  };
  return withRouting(routing, pass);
}

/** Runs `pass` with the routes that evaluation uses for the task; what they leave out is not computed. */
export function withGreedyRoutes<T>(network: Network, task: string, pass: () => T): T {
  const routing: RoutingPass = (layer, x, component) => {
    const router = network.head(task).routers[layer.ordinal]!;
    const choice = layer.router.choose(routerValues(router), router.place);
    const outputs = choice.chosen.map((i) => component(router.allowed[i]!));
    return combine(choice.combine, outputs, x);
  };
  return withRouting(routing, pass);
}

/** What a training step draws for a task at one routed layer. */
export function sampleOf(
  network: Network,
  task: string,
  router: TaskRouter,
  draws: StepDraws,
): RouterSample {
  const { layer, place } = router;
  const { seed, epoch, step } = draws;
  const draw = drawsFor({ seed, purpose: `routing/${layer.ordinal}`, task, epoch, step });
  const temperature = temperatureAt(network, draws);
  return layer.router.sample(routerValues(router), place, { temperature, draw });
}

/**
 * tau = max(final, start / sqrt(t + 1)), t = steps so far times the number of tasks: one optimizer step per
 * task batch, as Maziarz et al. (2019) count.
 */
export function temperatureAt({ heads, routing }: Network, { globalStep = 0 }: StepDraws): number {
  const { start, final } = routing.settings.temperature;
  return Math.max(final, start / Math.sqrt(heads.size * globalStep + 1));
}

/** Weight i of `w`, `[n]` or `[B, n]`, so that it multiplies outputs `[B, ...]`. */
function weightOf(w: tf.Tensor, i: number, rank: number): tf.Tensor {
  if (w.rank === 1) return tf.reshape(tf.slice(w, [i], [1]), []);
  return tf.reshape(tf.slice(w, [0, i], [-1, 1]), [-1, ...Array<number>(rank - 1).fill(1)]);
}
