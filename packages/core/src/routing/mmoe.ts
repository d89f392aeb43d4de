// Multi-gate mixture of experts, of plain tfjs layers: the experts are the trunk's, each gate is its head's.
// Letters: B = samples, E = experts, U = an expert's outputs.

import * as tf from "@tensorflow/tfjs";
import type { HeadFactory, TrunkFactory } from "../model/network.ts";
import { checkOption } from "./check-option.ts";
import { gatedMix, stackRows } from "./expert-mix.ts";

type Layers = readonly tf.layers.Layer[];

export interface MmoeOptions {
  /** Of one sample, `[D]`. */
  inputShape: readonly [number];
  /** E. */
  experts: number;
  /** Layers of one expert, called once for each; they end in rank 2, `[B, U]`. */
  expert: () => Layers;
}

/** A trunk, and heads that fit to it. */
export interface ExpertNetwork {
  trunk: TrunkFactory;
  /** A head with a gate of its own; `tower` makes the layers behind it, the last of which gives the outputs. */
  head: (tower: () => Layers) => HeadFactory;
}

/**
 * Multi-gate mixture of experts (Ma et al., Modeling task relationships in multi-task learning with
 * multi-gate mixture-of-experts, KDD 2018, eq. 5-7):
 *
 *     y_k = tower_k(sum_i g_k(x)_i f_i(x)),   g_k(x) = softmax(W_k x)
 *
 * The trunk has two outputs, all experts `[B, E, U]` and the input of the gates. Gates train with the heads.
 *
 * @example
 * const { trunk, head } = mmoe({ inputShape: [20], experts: 4, expert: () => [dense({ units: 16 })] });
 * tasks: { left: { head: head(() => [dense({ units: 1 })]), loss: "meanSquaredError" } };
 */
export function mmoe({ inputShape, experts, expert }: MmoeOptions): ExpertNetwork {
  return {
    trunk: () => expertTrunk({ inputShape, experts, expert }),
    head: (tower) => (features) => {
      const [stack, x] = features.inputShapes.map((shape) => tf.input({ shape }));
      return tf.model({ inputs: [stack!, x!], outputs: through(tower(), gatedMix(stack!, x!)) });
    },
  };
}

/** Experts side by side, `[B, E, U]`, and the input, `[B, D]`. */
export function expertTrunk({ inputShape, experts, expert }: MmoeOptions): tf.LayersModel {
  const isSound = Number.isInteger(experts) && experts >= 1;
  checkOption("experts", { isSound, should: "a whole number, at least 1", found: experts });
  const input = tf.input({ shape: [...inputShape] });
  const outputs = Array.from({ length: experts }, () => through(expert(), input));
  const passed = tf.layers.activation({ activation: "linear" }).apply(input) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [stackRows(outputs), passed] });
}

/** The layers one after another. */
export function through(layers: Layers, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layers.reduce((value, layer) => layer.apply(value) as tf.SymbolicTensor, x);
}
