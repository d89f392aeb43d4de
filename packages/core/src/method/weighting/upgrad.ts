// UPGrad: each gradient is projected to where it conflicts with nobody; the projections are added.

import { z } from "zod";
import { type ConeOptions, coneClaims, coneFields, coneProblem } from "../cone.ts";
import { defineMethod } from "../definition.ts";
import { demandPerTask } from "../per-task.ts";
import { weighPresent } from "../present.ts";
import { projectOnDualCone } from "../solver/dual-cone.ts";

const schema = z.strictObject({ kind: z.literal("upgrad"), ...coneFields });

export type UpgradSpec = z.infer<typeof schema>;

/**
 * UPGrad (Quinton & Rey, Jacobian Descent for Multi-Objective Optimization, 2024),
 * with preferences p:
 *
 *     v_i = argmin of v^T G v subject to v >= p_i e_i, element by element;   alpha = sum_i v_i
 *
 * so that J^T v_i is the projection of p_i g_i on {x : J x >= 0}. G is first divided by its trace, and
 * epsilon is added to its diagonal, as in the authors' code, whose 1e-4 is the default: with it no task gets
 * worse to first order but by that much.
 *
 * Departures: coordinate descent instead of a quadratic programming library, to the same conditions. A
 * small trace is no special case: the code takes the mean gradient where it is below 1e-4.
 */
export function upgrad({ epsilon = 1e-4, preferences }: ConeOptions = {}): UpgradSpec {
  return { kind: "upgrad", epsilon, ...(preferences && { preferences }) };
}

export const upgradDefinition = defineMethod({
  schema,
  make: (spec) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: coneClaims(spec),
    init(taskCount) {
      if (spec.preferences !== undefined) demandPerTask("preferences", spec.preferences, taskCount);
      return {};
    },
    weigh: (state, step) =>
      weighPresent(state, step, (present) => {
        const { gram, preferences } = coneProblem(present, spec);
        const weights = new Float64Array(preferences.length);
        for (let i = 0; i < weights.length; i++) {
          const lower = preferences.map((preference, k) => (k === i ? preference : 0));
          const projected = projectOnDualCone(gram, lower);
          for (let k = 0; k < weights.length; k++) weights[k]! += projected[k]!;
        }
        return { weights };
      }),
  }),
});
