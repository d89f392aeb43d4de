// Dropout whose masks come from counters, so that a step can be repeated anywhere: they depend on the
// run's seed, the layer's position, the task, epoch and step, and not on which tasks, shards or slices
// of a batch are computed together.

import * as tf from "@tensorflow/tfjs";
import { ExperimentError, expected } from "../errors.ts";
import { drawsFor } from "../random/draws.ts";
import { currentDraws, type DrawContext } from "./draw-context.ts";
import { walkLayers } from "./walk-layers.ts";

type LayerArgs = NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>;

export interface DropoutArgs extends LayerArgs {
  /** Share of the values that is set to zero, in [0, 1). */
  rate: number;
}

/** The layer behind {@link dropout}. */
export class TrunklineDropout extends tf.layers.Layer {
  /** @nocollapse */
  static readonly className = "TrunklineDropout";
  readonly rate: number;
  /** Which of its model's dropout layers this is; part of the stream's name. */
  ordinal = 0;

  constructor(args: DropoutArgs) {
    super(args);
    checkRate(args.rate);
    this.rate = args.rate;
    this.supportsMasking = true;
  }

  override call(
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: { training?: boolean },
  ): tf.Tensor | tf.Tensor[] {
    if (kwargs.training !== true || this.rate === 0) return inputs;
    const context = currentDraws();
    if (context === undefined) throw outsideOfTraining();
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.tidy(() => tf.mul(x, this.#mask(x.shape, context)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.rate };
  }

  /** 1 / (1 - rate) where a value stays, else 0; `shape`, drawn row by row. */
  #mask(shape: number[], context: DrawContext): tf.Tensor {
    const [rows = 0, ...sample] = shape;
    const perRow = sample.reduce((product, dimension) => product * dimension, 1);
    const values = new Float32Array(rows * perRow);
    const limit = this.rate * 2 ** 32;
    const scale = 1 / (1 - this.rate);
    let at = 0;
    for (const { task, rows: segmentRows, firstRow = 0 } of context.segments) {
      const { seed, block, epoch, step } = context;
      const purpose = `dropout/${block}/${this.ordinal}`;
      const draw = drawsFor({ seed, purpose, task, epoch, step });
      for (let skipped = firstRow * perRow; skipped > 0; skipped--) draw.uint32();
      for (const end = at + segmentRows * perRow; at < end; at++) {
        values[at] = draw.uint32() < limit ? 0 : scale;
      }
    }
    if (at !== values.length) throw new RangeError(`${at} draws for a mask of [${shape}]`);
    return tf.tensor(values, shape);
  }
}

tf.serialization.registerClass(
  TrunklineDropout as unknown as tf.serialization.SerializableConstructor<TrunklineDropout>,
);

/**
 * Sets a share `rate` of the values to zero while training and multiplies the rest by 1 / (1 - rate)
 * ("inverted" dropout; Srivastava et al., 2014, section 10); passes everything through otherwise.
 *
 * To be used in place of `tf.layers.dropout`, whose masks cannot be repeated: its one seed gives the same
 * mask on every step, and without it a mask is drawn anew on each machine. A layer that one model
 * applies at several places uses one mask for all of them.
 */
export function dropout(args: DropoutArgs): TrunklineDropout {
  return new TrunklineDropout(args);
}

/** Numbers the dropout layers of a model, so that their masks differ. */
export function numberDropouts(model: tf.LayersModel): void {
  let ordinal = 0;
  for (const { layer } of walkLayers(model)) {
    if (layer instanceof TrunklineDropout) layer.ordinal = ordinal++;
  }
}

function checkRate(rate: number): void {
  if (rate >= 0 && rate < 1) return;
  throw new ExperimentError([
    {
      path: "dropout.rate",
      code: "experiment/invalid-value",
      message: expected("rate", "at least 0 and less than 1", rate),
      remedy: "Give the share of values to drop, as 0.5.",
    },
  ]);
}

function outsideOfTraining(): ExperimentError {
  return new ExperimentError([
    {
      path: "dropout",
      code: "experiment/random-layer",
      message: "Trunkline's dropout was called with `training: true` outside of a training step.",
      remedy: "Train through Trunkline, or call the model with `training: false`.",
    },
  ]);
}
