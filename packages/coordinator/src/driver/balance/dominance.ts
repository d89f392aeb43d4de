// Which task's steps are how large beside the others', layer by layer.

import type { PreparedExperiment, RunEventBody } from "@trunkline/core";
import type { At } from "./at.ts";

type MeanSquares = Readonly<Record<string, readonly number[]>>;

/** Null where nobody told. */
export function dominanceEvent(
  { network }: PreparedExperiment,
  { phase, epoch, step }: At,
  meanSquares: MeanSquares,
): RunEventBody | null {
  if (Object.keys(meanSquares).length === 0) return null;
  const layers = network.trunk.block.layout.parameters.map(({ name }) => name);
  return { type: "dominance", phase, epoch, step, layers, shares: dominanceOf(meanSquares) };
}

/**
 * rAU of AdaTask (Yang et al., AdaTask: A Task-aware Adaptive Learning Rate Approach to Multi-task Learning,
 * AAAI 2023): each task's share in the decayed mean square of the steps, per layer. Equal shares where
 * nobody moved.
 *
 * @param meanSquares - By task, a number per layer.
 */
export function dominanceOf(meanSquares: MeanSquares): Record<string, number[]> {
  const tasks = Object.keys(meanSquares);
  const layers = meanSquares[tasks[0]!]!.length;
  const totals = Array.from({ length: layers }, (_, layer) =>
    tasks.reduce((sum, task) => sum + meanSquares[task]![layer]!, 0),
  );
  const share = (value: number, layer: number) =>
    totals[layer]! > 0 ? value / totals[layer]! : 1 / tasks.length;
  return Object.fromEntries(tasks.map((task) => [task, meanSquares[task]!.map(share)]));
}
