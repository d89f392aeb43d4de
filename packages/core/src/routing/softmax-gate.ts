// A softmax over the components that a task may use: by example, from the layer's input, or one for all.
// Letters: B = samples, n = candidates.

import * as tf from "@tensorflow/tfjs";
import { softmax } from "../method/softmax.ts";
import type { Random } from "../random/random.ts";
import { checkOption } from "./check-option.ts";
import { type AllowedOption, type Router, uniformArray } from "./router.ts";

export interface SoftmaxGateOptions extends AllowedOption {
  /** The gate reads the layer's input; otherwise it is a constant of the task. @default true */
  perExample?: boolean;
}

/**
 * The gate of MMoE, CGC and PLE (Ma et al., Modeling task relationships in multi-task learning with
 * multi-gate mixture-of-experts, 2018, eq. 6; Tang et al., Progressive layered extraction, 2020, eq. 1-2):
 * with x flat, `[B, inputs]`,
 *
 *     w = softmax(x W + b), `[B, n]`,   layer(x) = sum_i w_i f_i(x)
 *
 * or w = softmax(b) for all examples. W starts by Glorot's uniform rule, b at zero. No component is ever off.
 * Departure: the papers' gates have no b.
 */
export function softmaxGate({ perExample = true, allowed }: SoftmaxGateOptions = {}): Router {
  return perExample ? gateByExample(allowed) : gateOfTask(allowed);
}

function gateByExample(allowed: AllowedOption["allowed"]): Router {
  return {
    kind: "softmaxGate",
    allowed,
    parameters({ candidates: n, inputs }) {
      const isSound = Number.isInteger(inputs);
      const should = "of known size where a gate by example reads it";
      checkOption("routed.input", { isSound, should, found: "an open axis" });
      return [
        { name: "kernel", shape: [inputs, n], initial: glorot(inputs, n) },
        { name: "bias", shape: [n], initial: () => new Float32Array(n) },
      ];
    },
    sample: (_, { candidates: n, inputs }) => ({
      present: allOf(n).map(() => true),
      weights: ([kernel, bias], x) => {
        const flat = tf.reshape(x, [-1, inputs]);
        return tf.softmax(tf.add(tf.matMul(flat, kernel!), bias!));
      },
    }),
    choose: ([kernel, bias], { candidates: n }) => ({
      chosen: allOf(n),
      combine: { kind: "gated", kernel: kernel!, bias: bias! },
    }),
    usage: (_, { candidates: n }) => allOf(n).map(() => 1),
  };
}

function gateOfTask(allowed: AllowedOption["allowed"]): Router {
  return {
    kind: "softmaxGate",
    allowed,
    parameters: ({ candidates: n }) => [
      { name: "bias", shape: [n], initial: () => new Float32Array(n) },
    ],
    sample: (_, { candidates: n }) => ({
      present: allOf(n).map(() => true),
      weights: ([bias]) => tf.softmax(bias!),
    }),
    choose: ([bias], { candidates: n }) => ({
      chosen: allOf(n),
      combine: { kind: "weighted", weights: softmax(bias!) },
    }),
    usage: ([bias]) => softmax(bias!),
  };
}

/** Uniform in (-l, l), l = sqrt(6 / (inputs + n)). */
function glorot(inputs: number, n: number) {
  const limit = Math.sqrt(6 / (inputs + n));
  return (draw: Random) => uniformArray(draw, inputs * n, limit);
}

const allOf = (n: number) => Array.from({ length: n }, (_, i) => i);
