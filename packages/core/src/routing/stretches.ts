// Where the components of routed layers lie in the trunk's flat array, and which of them a training step
// leaves alone: their gradient is exactly zero, so that it need not travel.

import type { StepDraws } from "../model/forward.ts";
import type { Network } from "../model/network.ts";
import { walkLayers } from "../model/walk-layers.ts";
import { TrunklineRouted } from "./routed-layer.ts";
import { sampleOf } from "./task-pass.ts";

/** One component's parameters: from `from` to before `to` in the trunk's flat array. */
export interface ComponentStretch {
  /** Which routed layer. */
  layer: number;
  /** Which of its components. */
  component: number;
  from: number;
  to: number;
}

/** A network's layers never change, and every step asks. */
const known = new WeakMap<Network, readonly ComponentStretch[]>();

/** All components that have parameters, ascending. */
export function componentStretches(network: Network): readonly ComponentStretch[] {
  const stretches = known.get(network) ?? stretchesOf(network);
  known.set(network, stretches);
  return stretches;
}

function stretchesOf({ trunk }: Network): ComponentStretch[] {
  const { parameters } = trunk.block.layout;
  return walkLayers(trunk.model).flatMap(({ layer, path }) => {
    if (!(layer instanceof TrunklineRouted)) return [];
    return layer.layers.flatMap((_, component) => {
      const own = parameters.filter(({ name }) => name.startsWith(`${path}.${component}.`));
      const [first, last] = [own[0], own.at(-1)];
      if (first === undefined || last === undefined) return [];
      const place = { from: first.offset, to: last.offset + last.size };
      return [{ layer: layer.ordinal, component, ...place }];
    });
  });
}

/**
 * The components that none of the tasks uses in a training step. Needs no pass, but the routers' values of
 * before the step: they move in joint and head phases.
 */
export function absentStretches(
  network: Network,
  tasks: readonly string[],
  draws: StepDraws,
): ComponentStretch[] {
  const used = new Set(tasks.flatMap((task) => presentComponents(network, task, draws)));
  return componentStretches(network).filter(
    ({ layer, component }) => !used.has(keyOf(layer, component)),
  );
}

function presentComponents(network: Network, task: string, draws: StepDraws): string[] {
  return network.head(task).routers.flatMap((router) => {
    const { present } = sampleOf(network, task, router, draws);
    const used = router.allowed.filter((_, i) => present[i]);
    return used.map((component) => keyOf(router.layer.ordinal, component));
  });
}

const keyOf = (layer: number, component: number) => `${layer}/${component}`;
