// Which components a task uses, as its router parameters say: for the event stream, the dashboard and a
// comparison of tasks. Pure functions of a head's flat weights; no model runs.

import type { Network } from "../model/network.ts";
import { valuesIn } from "./task-router.ts";

/** A task at one routed layer; all arrays over the layer's components, `[C]`. */
export interface LayerAllocation {
  /** p, or the weight where the router has no probabilities; 0 where the task is not allowed. */
  probabilities: number[];
  /** What evaluation uses. */
  active: boolean[];
  /** sum H(p), in nats. */
  entropy: number;
}

/**
 * A task's allocation by routed layer; empty where the trunk has none.
 *
 * @param weights - Of the task's head, flat; borrowed. @default those of the network now
 */
export function allocationOf(
  network: Network,
  task: string,
  weights: Float32Array = network.head(task).block.readWeights(),
): LayerAllocation[] {
  const { routers, block } = network.head(task);
  return routers.map(({ layer, allowed, place }) => {
    const values = valuesIn(block.layout, weights, layer.ordinal);
    const usage = layer.router.usage(values, place);
    const { chosen } = layer.router.choose(values, place);
    const probabilities = layer.layers.map((_, c) => usage[allowed.indexOf(c)] ?? 0);
    const used = new Set(chosen.map((i) => allowed[i]!));
    return {
      probabilities,
      active: layer.layers.map((_, c) => used.has(c)),
      entropy: probabilities.reduce((sum, p) => sum + binaryEntropy(p), 0),
    };
  });
}

/**
 * Cosines between the tasks' probabilities, over all layers together, `[M, M]`: tasks that use the same
 * components have 1, tasks that share none 0.
 *
 * @param allocations - By task, in the order of the rows.
 */
export function allocationCosines(
  allocations: readonly (readonly LayerAllocation[])[],
): number[][] {
  const patterns = allocations.map((layers) => layers.flatMap((layer) => layer.probabilities));
  return patterns.map((a) => patterns.map((b) => cosine(a, b)));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function binaryEntropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p);
}
