// Adam's step made of one task's gradients, with moments of the task's own.

import { type AdamConstants, adamFactors, writeAdamStep } from "../../optimizer/adam-step.ts";
import { arrayOf } from "../../optimizer/state.ts";
import type { RowTransform } from "../method.ts";
import { forPresent } from "../transform.ts";

/**
 * The row g becomes u = mhat / (sqrt(vhat) + eps), by the arithmetic of the trunk's own Adam. Each block
 * keeps b1^t and b2^t as running products of its own (`beta1Power.b`, `beta2Power.b`), where t counts the
 * steps in which it was present: a block that was away is corrected for as many steps as its moments saw.
 */
export function adamTransform(constants: AdamConstants): RowTransform {
  return {
    arrays: ["m", "v"],
    scalars: {},
    apply(state, row, step) {
      const m = arrayOf(state, "m");
      const v = arrayOf(state, "v");
      const { scalars } = state;
      forPresent(step, row.length, (from, to, b) => {
        const beta1Power = (scalars[`beta1Power.${b}`] ?? 1) * constants.beta1;
        const beta2Power = (scalars[`beta2Power.${b}`] ?? 1) * constants.beta2;
        scalars[`beta1Power.${b}`] = beta1Power;
        scalars[`beta2Power.${b}`] = beta2Power;
        const factors = adamFactors(constants, beta1Power, beta2Power);
        writeAdamStep({ m, v, gradient: row, step: row, shift: 0, from, to }, factors);
      });
      return undefined;
    },
  };
}
