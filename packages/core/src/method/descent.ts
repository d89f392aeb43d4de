// Adam over the few numbers that a method trains beside the network: double precision, plain data.

import type { MethodState } from "./method.ts";

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** The entries of a state that {@link descend} moves; a type, so that it is a `MethodState`. */
export type Descent = {
  /** What is trained, `[M]`. */
  readonly values: readonly number[];
  readonly m: readonly number[];
  readonly v: readonly number[];
  /** `[1]`: steps before this one. */
  readonly steps: readonly number[];
};

export function descentFrom(values: readonly number[]): Descent {
  const zeros = values.map(() => 0);
  return { values, m: zeros, v: zeros, steps: [0] };
}

/** The part of a method's state that `descentFrom` made. */
export function descentOf(state: MethodState): Descent {
  return { values: state.values!, m: state.m!, v: state.v!, steps: state.steps! };
}

/** One step of Adam (Kingma & Ba, 2015, Algorithm 1; b1 = 0.9, b2 = 0.999, eps = 1e-8). */
export function descend(
  descent: Descent,
  gradient: readonly number[],
  learningRate: number,
): Descent {
  const t = descent.steps[0]! + 1;
  const m = descent.m.map((mk, k) => beta1 * mk + (1 - beta1) * gradient[k]!);
  const v = descent.v.map((vk, k) => beta2 * vk + (1 - beta2) * gradient[k]! ** 2);
  const values = descent.values.map((value, k) => {
    const mhat = m[k]! / (1 - beta1 ** t);
    const vhat = v[k]! / (1 - beta2 ** t);
    return value - (learningRate * mhat) / (Math.sqrt(vhat) + epsilon);
  });
  return { values, m, v, steps: [t] };
}
