// DualProj: the mean gradient is projected to where it conflicts with nobody.

import { z } from "zod";
import { type ConeOptions, coneClaims, coneFields, coneProblem } from "../cone.ts";
import { defineMethod } from "../definition.ts";
import { demandPerTask } from "../per-task.ts";
import { weighPresent } from "../present.ts";
import { projectOnDualCone } from "../solver/dual-cone.ts";

const schema = z.strictObject({ kind: z.literal("dual-proj"), ...coneFields });

export type DualProjSpec = z.infer<typeof schema>;

/**
 * DualProj, the projection of gradient episodic memory (Lopez-Paz & Ranzato, Gradient Episodic Memory for
 * Continual Learning, NIPS 2017, eq. 11) used between tasks, in the form of Quinton & Rey (2024), with
 * preferences p:
 *
 *     alpha = argmin of v^T G v subject to v >= p, element by element
 *
 * so that J^T alpha is the projection of the preferred mean on {x : J x >= 0}. A mean that conflicts with
 * nobody stays as it is, but for epsilon: G is divided by its trace and epsilon added to its diagonal, as
 * in `upgrad`, which projects the gradients one by one.
 */
export function dualProj({ epsilon = 1e-4, preferences }: ConeOptions = {}): DualProjSpec {
  return { kind: "dual-proj", epsilon, ...(preferences && { preferences }) };
}

export const dualProjDefinition = defineMethod({
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
        return { weights: projectOnDualCone(gram, preferences) };
      }),
  }),
});
