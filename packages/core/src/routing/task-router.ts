// The routers of one task: per routed layer of the trunk, the components that the task may use and the
// parameters that it owns there. The parameters are the task's, and lie in the block of its head.

import * as tf from "@tensorflow/tfjs";
import type { BlockLayout, OwnVariable } from "../model/block.ts";
import { walkLayers } from "../model/walk-layers.ts";
import { drawsFor } from "../random/draws.ts";
import { TrunklineRouted } from "./routed-layer.ts";
import type { RouterPlace } from "./router.ts";

/** What a task has at one routed layer. */
export interface TaskRouter {
  layer: TrunklineRouted;
  /** Indices of the components that the task may use. */
  allowed: readonly number[];
  place: RouterPlace;
  /** In the order of the router's parameters; the block of the task's head owns them. */
  variables: readonly tf.Variable[];
}

/** The routed layers of a model in their fixed order, numbered. */
export function numberRouted(model: tf.LayersModel): TrunklineRouted[] {
  const layers = walkLayers(model)
    .map(({ layer }) => layer)
    .filter((layer) => layer instanceof TrunklineRouted);
  layers.forEach((layer, i) => {
    layer.ordinal = i;
  });
  return layers;
}

/** Makes the routers of one task; initial values come from the counters. */
export function taskRouters(
  layers: readonly TrunklineRouted[],
  { seed, task, taskIndex }: { seed: number; task: string; taskIndex: number },
): TaskRouter[] {
  return layers.map((layer) => {
    const allowed = allowedIn(layer, taskIndex);
    const place = { candidates: allowed.length, inputs: sampleSize(layer.builtFor) };
    const draw = drawsFor({ seed, purpose: "init/routing", task, step: layer.ordinal });
    const variables = layer.router
      .parameters(place)
      .map(({ shape, initial }) =>
        tf.tidy(() => tf.variable(tf.tensor(initial(draw), [...shape]), true)),
      );
    return { layer, allowed, place, variables };
  });
}

/** Indices of components that a task may use, as the router says; they may be wrong. */
export function allowedIn({ layers, router }: TrunklineRouted, taskIndex: number): number[] {
  const count = layers.length;
  const all = Array.from({ length: count }, (_, i) => i);
  return router.allowed === undefined ? all : [...router.allowed(taskIndex, count)];
}

/** The routers' parameters as the head's block takes them. */
export function routerVariables(routers: readonly TaskRouter[]): OwnVariable[] {
  return routers.flatMap(({ layer, place, variables }) =>
    layer.router.parameters(place).map(({ name }, i) => ({
      name: `routing.${layer.ordinal}.${name}`,
      variable: variables[i]!,
    })),
  );
}

/**
 * By a variable's data, which tfjs replaces when it assigns: each value is read from the device once,
 * however many passes want it.
 */
const valuesRead = new WeakMap<object, Float32Array>();

/** The parameters as they are now, flat; borrowed. Reads synchronously. */
export function routerValues({ variables }: TaskRouter): Float32Array[] {
  return variables.map((variable) => {
    const values = valuesRead.get(variable.dataId) ?? Float32Array.from(variable.dataSync());
    valuesRead.set(variable.dataId, values);
    return values;
  });
}

/** The parameters of one routed layer inside a head's flat weights; views. */
export function valuesIn(
  { own }: BlockLayout,
  weights: Float32Array,
  ordinal: number,
): Float32Array[] {
  const prefix = `routing.${ordinal}.`;
  return own
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ offset, size }) => weights.subarray(offset, offset + size));
}

function sampleSize([, ...sample]: readonly (number | null)[]): number {
  return sample.reduce<number>((size, axis) => size * (axis ?? Number.NaN), 1);
}
