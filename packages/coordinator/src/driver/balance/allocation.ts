// Which components of a routed trunk each task uses, for the event stream.

import {
  allocationCosines,
  allocationOf,
  type PreparedExperiment,
  type RunEventBody,
} from "@trunkline/core";
import type { Store } from "../store.ts";

export type AllocationEvent = Extract<RunEventBody, { type: "allocation" }>;

/** Null where the trunk is not routed. */
export function allocationEvent(
  { network, tasks }: PreparedExperiment,
  store: Store,
  at: { phase: number; epoch: number },
): AllocationEvent | null {
  if (!network.isRouted) return null;
  const layers = tasks.map((task) => allocationOf(network, task, store.head(task).weights));
  const plain = tasks.map((task, k) => {
    const probabilities = layers[k]!.map((layer) => layer.probabilities);
    const active = layers[k]!.map((layer) => layer.active);
    const entropy = layers[k]!.reduce((sum, layer) => sum + layer.entropy, 0);
    return [task, { probabilities, active, entropy }] as const;
  });
  const event = { ...at, tasks: Object.fromEntries(plain), cosines: allocationCosines(layers) };
  return { type: "allocation", ...event };
}

/** Layers where a task's every component is unlikely, so that evaluation takes the likeliest one instead. */
function unlikelyLayers({ tasks }: AllocationEvent): { task: string; layer: number }[] {
  return Object.entries(tasks).flatMap(([task, { probabilities }]) =>
    probabilities.flatMap((layer, index) =>
      Math.max(...layer) < 0.5 ? [{ task, layer: index }] : [],
    ),
  );
}

/** A sentence for each task and layer that is so, and is not in `told` yet; it is then. */
export function unlikelyWarnings(allocation: AllocationEvent, told: Set<string>): string[] {
  return unlikelyLayers(allocation).flatMap(({ task, layer }) => {
    const place = `${task}/${layer}`;
    if (told.has(place)) return [];
    told.add(place);
    return [
      `Task ${task} uses no component of routed layer ${layer} with probability 0.5 or more; evaluation and export take the likeliest one. \`routing.disconnectWeight\` works against it.`,
    ];
  });
}
