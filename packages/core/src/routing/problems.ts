// What is wrong with the routed layers of a network before any data is seen.

import type * as tf from "@tensorflow/tfjs";
import { expected, type Problem } from "../errors.ts";
import { type PlacedLayer, walkLayers } from "../model/walk-layers.ts";
import { TrunklineRouted } from "./routed-layer.ts";
import { allowedIn } from "./task-router.ts";

interface PlacedRouted {
  layer: TrunklineRouted;
  path: string;
}

/** Problems of the trunk's routed layers, for tasks in their order. */
export function routedProblems(trunk: tf.LayersModel, tasks: readonly string[]): Problem[] {
  const placed = routedIn(trunk, "trunk");
  return placed.flatMap((each) => [
    ...componentProblems(each),
    ...nestingProblems(each, placed),
    ...tasks.flatMap((task, taskIndex) => [...allowedProblems(each, task, taskIndex)]),
  ]);
}

/** Routed layers belong into the trunk: a head is one task's own already. */
export function misplacedRouted(head: tf.LayersModel, path: string): Problem[] {
  return routedIn(head, path).map(({ path: place }) => ({
    path: place,
    code: "experiment/unsupported-layer",
    message: `A head has a routed layer at \`${place}\`; a head belongs to one task alone.`,
    remedy: "Move the routed layer into the trunk, or use one of its components.",
  }));
}

function routedIn(model: tf.LayersModel, path: string): PlacedRouted[] {
  return walkLayers(model)
    .filter((each): each is PlacedLayer & PlacedRouted => each.layer instanceof TrunklineRouted)
    .map(({ layer, path: place }) => ({ layer, path: `${path}.${place}` }));
}

function* componentProblems({ layer, path }: PlacedRouted): Generator<Problem> {
  const { layers, outputShapes } = layer;
  const distinct = new Set(layers).size;
  if (distinct < 2) {
    yield invalid(path, {
      message: expected(`${path}.components`, "at least two different layers", distinct),
      remedy: "Make a layer for each component, or put the only one there without `routed`.",
    });
    return;
  }
  if (distinct < layers.length) {
    yield invalid(path, {
      message: expected(`${path}.components`, `${layers.length} different layers`, distinct),
      remedy: "Make a layer of its own for each component.",
    });
  }
  const wanted = String(outputShapes[0]?.slice(1));
  const other = outputShapes.find((shape) => String(shape.slice(1)) !== wanted);
  if (other !== undefined) {
    const message = expected(
      `${path}.components`,
      `layers of one output shape, [${wanted}]`,
      other.slice(1),
    );
    const remedy = "Give all components the same units, filters, strides and padding.";
    yield { path, code: "experiment/shape", message, remedy };
  }
}

function* nestingProblems(
  { path }: PlacedRouted,
  placed: readonly PlacedRouted[],
): Generator<Problem> {
  const code = "experiment/unsupported-layer";
  const remedy = "Put routed layers one after another, beside the other layers of the trunk.";
  const outer = placed.find((each) => path.startsWith(`${each.path}.`));
  if (outer !== undefined) {
    const message = `The routed layer at \`${path}\` is inside the one at \`${outer.path}\`.`;
    yield { path, code, message, remedy };
  } else if (!isListed.test(path)) {
    const message = `The routed layer at \`${path}\` is inside a wrapper.`;
    yield { path, code, message, remedy };
  }
}

/** How a layer's path ends where a model holds it, and not a wrapper. */
const isListed = /\.\d+\.[^.]+$/;

function* allowedProblems(
  { layer, path }: PlacedRouted,
  task: string,
  taskIndex: number,
): Generator<Problem> {
  const count = layer.layers.length;
  if (count === 0) return;
  const allowed = allowedIn(layer, taskIndex);
  const isComponent = (i: number) => Number.isInteger(i) && i >= 0 && i < count;
  const isSound = allowed.every(isComponent) && new Set(allowed).size === allowed.length;
  if (allowed.length > 0 && isSound) return;
  yield invalid(path, {
    message: expected(
      `${path}.allowed`,
      `different components from 0 to ${count - 1}, at least one, for task \`${task}\``,
      allowed,
    ),
    remedy: "Correct the router's `allowed`; `noSharing` needs a component for each task.",
  });
}

function invalid(path: string, { message, remedy }: Pick<Problem, "message" | "remedy">): Problem {
  return { path, code: "experiment/invalid-value", message, remedy };
}
