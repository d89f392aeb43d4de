// Whose pass a routed layer is in: whoever runs the trunk says how its layers route, and the layers, deep
// inside tfjs's call, look here. One synchronous scope at a time.

import type * as tf from "@tensorflow/tfjs";
import type { TrunklineRouted } from "./routed-layer.ts";

/** Output of a routed layer on `x`, from those of its components. */
export type RoutingPass = (
  layer: TrunklineRouted,
  x: tf.Tensor,
  component: (index: number) => tf.Tensor,
) => tf.Tensor;

let current: RoutingPass | undefined;

/** Runs `pass` with routed layers following `routing`; scopes nest. */
export function withRouting<T>(routing: RoutingPass, pass: () => T): T {
  const outer = current;
  current = routing;
  try {
    return pass();
  } finally {
    current = outer;
  }
}

/** The routing of the pass that runs now, if one does. */
export function currentRouting(): RoutingPass | undefined {
  return current;
}
