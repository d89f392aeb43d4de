// Layers that this training cannot honour: those that draw random numbers of their own, which no seed
// makes repeatable across machines, and those with parts that only tfjs's own `fit` looks at.

import type * as tf from "@tensorflow/tfjs";
import type { Problem } from "../errors.ts";
import { walkLayers } from "./walk-layers.ts";

/** Class of the layer and what to do instead. */
const randomLayers: Readonly<Record<string, string>> = {
  Dropout: "Use Trunkline's `dropout({ rate })`.",
  SpatialDropout1D: "Use Trunkline's `dropout({ rate })`.",
  AlphaDropout: "Use Trunkline's `dropout({ rate })`.",
  GaussianDropout: "Use Trunkline's `dropout({ rate })`.",
  GaussianNoise: "Add the noise in the dataset's `batch`, drawn from `draw`.",
  RandomWidth: "Augment in the dataset's `batch`, drawn from `draw`.",
  RandomHeight: "Augment in the dataset's `batch`, drawn from `draw`.",
};

type Found = Omit<Problem, "path">;

/** All problems of a model's layers, at `path` and the layer's position. */
export function checkLayers(model: tf.LayersModel, path: string): Problem[] {
  return walkLayers(model).flatMap(({ layer, path: place }) =>
    [...randomness(layer), ...ignoredParts(layer)].map((found) => ({
      path: `${path}.${place}`,
      ...found,
    })),
  );
}

function* randomness(layer: tf.layers.Layer): Generator<Found> {
  const name = layer.getClassName();
  const remedy = randomLayers[name];
  if (remedy !== undefined)
    yield randomLayer(`Layer ${name} draws its own random numbers.`, remedy);
  if (!isRecurrentCell(layer)) return;
  for (const option of ["dropout", "recurrentDropout"] as const) {
    const rate = layer[option] ?? 0;
    if (rate > 0) {
      yield randomLayer(
        `Option \`${option}\` of ${name} is ${rate} and draws its own random numbers.`,
        `Set \`${option}\` to 0 and put Trunkline's \`dropout({ rate })\` between layers.`,
      );
    }
  }
}

/** Cells hold what their recurrent layer was given; looking at both would report it twice. */
function isRecurrentCell(
  layer: tf.layers.Layer,
): layer is tf.layers.Layer & { dropout?: number; recurrentDropout?: number } {
  return layer.getClassName().endsWith("Cell");
}

function* ignoredParts(layer: tf.layers.Layer): Generator<Found> {
  const name = layer.getClassName();
  for (const [part, value] of Object.entries(layer)) {
    if (value === null || value === undefined) continue;
    if (/regularizer$/i.test(part)) {
      const message = `Layer ${name} has a \`${part}\`, which training ignores.`;
      yield unsupported(message, "Remove it and set the optimizer's `weightDecay`.");
    } else if (/constraint$/i.test(part)) {
      const message = `Layer ${name} has a \`${part}\`, which training ignores.`;
      yield unsupported(message, "Remove it; clip gradients with `clip` if weights run away.");
    }
  }
  if (isStatefulRecurrence(layer)) {
    const message = `Layer ${name} is stateful: each batch would depend on the one before.`;
    yield unsupported(message, "Remove `stateful: true`.");
  }
  if (lacksScaleOrCenter(layer)) {
    const message = `Layer ${name} has \`scale: false\` or \`center: false\`; tfjs cannot train that.`;
    yield unsupported(message, "Leave out `scale` and `center`.");
  }
  if (isDilated(layer)) {
    const message = `Layer ${name} has a \`dilationRate\` over 1, of which tfjs has no gradient.`;
    yield unsupported(message, "Remove `dilationRate`.");
  }
}

/** Wrappers and recurrent layers pass the flag on from their parts; only the innermost is named. */
function isStatefulRecurrence(layer: tf.layers.Layer): boolean {
  return layer.stateful && "cell" in layer;
}

/** tfjs's training pass reads gamma and beta without looking whether they exist. */
function lacksScaleOrCenter(layer: tf.layers.Layer): boolean {
  if (layer.getClassName() !== "BatchNormalization") return false;
  const { scale, center } = layer as unknown as { scale: boolean; center: boolean };
  return !scale || !center;
}

function isDilated(layer: tf.layers.Layer): boolean {
  const { dilationRate } = layer as { dilationRate?: unknown };
  return Array.isArray(dilationRate) && dilationRate.some((rate) => rate > 1);
}

function randomLayer(message: string, remedy: string): Found {
  return { code: "experiment/random-layer", message, remedy };
}

function unsupported(message: string, remedy: string): Found {
  return { code: "experiment/unsupported-layer", message, remedy };
}
