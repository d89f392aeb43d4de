// A layer of parallel components, of which each task uses a part. It knows its components and its router;
// which task is passing, it learns from the pass (see `routing-context.ts`).

import * as tf from "@tensorflow/tfjs";
import { ExperimentError } from "../errors.ts";
import { gumbel } from "./gumbel.ts";
import type { Router } from "./router.ts";
import { currentRouting } from "./routing-context.ts";

type LayerArgs = NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>;
type Shape = (number | null)[];

export interface RoutedOptions extends LayerArgs {
  /** How tasks choose among the components. @default gumbel() */
  router?: Router;
}

/** The layer behind {@link routed}. */
export class TrunklineRouted extends tf.layers.Layer {
  /** @nocollapse */
  static readonly className = "TrunklineRouted";
  /** The components, under the name by which a model's parts are found. */
  readonly layers: readonly tf.layers.Layer[];
  readonly router: Router;
  /** Which of its trunk's routed layers this is; part of the streams' and the parameters' names. */
  ordinal = 0;
  /** Of each component, batch first; known once the layer is built. */
  outputShapes: readonly Shape[] = [];
  /** Of a sample, batch first; known once the layer is built. */
  builtFor: Shape = [];

  constructor(
    components: readonly tf.layers.Layer[],
    { router = gumbel(), ...args }: RoutedOptions,
  ) {
    super(args);
    this.layers = components;
    this.router = router;
  }

  override build(inputShape: Shape | Shape[]): void {
    this.builtFor = singleShape(inputShape);
    for (const component of this.layers) {
      if (!component.built) component.build(this.builtFor);
      component.built = true;
    }
    this.outputShapes = this.layers.map((component) =>
      singleShape(component.computeOutputShape(this.builtFor) as Shape | Shape[]),
    );
    this.built = true;
  }

  /** Of the first component; that the others have the same is checked with the network. */
  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...(this.outputShapes[0] ?? singleShape(inputShape))];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    const routing = currentRouting();
    if (routing === undefined) throw outsideOfTask();
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.tidy(() =>
      routing(this, x, (index) => single(this.layers[index]!.apply(x, { ...kwargs }))),
    );
  }

  override get trainableWeights(): tf.LayerVariable[] {
    if (!this.trainable) return [];
    return [...new Set(this.layers.flatMap((component) => component.trainableWeights))];
  }

  override get nonTrainableWeights(): tf.LayerVariable[] {
    const trainable = new Set(this.trainableWeights);
    const weights = new Set(this.layers.flatMap((component) => component.weights));
    return [...weights].filter((weight) => !trainable.has(weight));
  }

  override setFastWeightInitDuringBuild(value: boolean): void {
    for (const component of this.layers) component.setFastWeightInitDuringBuild(value);
  }
}

/**
 * Parallel components, of which each task uses those that its router says: for task t the layer's output is
 * sum_c w_{t,c} f_c(x). Components are tfjs layers or small models of equal input and output shape; their
 * weights are the trunk's, the router's parameters are each task's own.
 *
 * To be used inside the trunk, as any layer, with at least two components. Each task then has its own pass
 * through the trunk. Batch norm inside sees the rows of one task at a time and moves once per task.
 *
 * @example
 * const conv = () => tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" });
 * tf.sequential({ layers: [stem, routed([conv(), conv(), conv(), conv()]), tf.layers.flatten()] });
 */
export function routed(
  components: readonly tf.layers.Layer[],
  options: RoutedOptions = {},
): TrunklineRouted {
  return new TrunklineRouted(components, options);
}

function single(output: unknown): tf.Tensor {
  return (Array.isArray(output) ? output[0] : output) as tf.Tensor;
}

function singleShape(shape: Shape | Shape[]): Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
}

function outsideOfTask(): ExperimentError {
  return new ExperimentError([
    {
      path: "routed",
      code: "experiment/unsupported-layer",
      message: "A routed layer was called without a task whose route it could take.",
      remedy: "Train through Trunkline, and predict with `predict` or with an exported model.",
    },
  ]);
}
