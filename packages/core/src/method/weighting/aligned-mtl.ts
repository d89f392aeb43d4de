// Aligned-MTL: the gradients are replaced by the nearest orthogonal ones of one length.

import { z } from "zod";
import { defineMethod } from "../definition.ts";
import { demandPerTask } from "../per-task.ts";
import { type Present, weighPresent } from "../present.ts";
import { applySpectrum, spectrum } from "../solver/spectrum.ts";

const schema = z.strictObject({
  kind: z.literal("aligned-mtl"),
  scale: z.enum(["min", "median", "rmse"]).default("min"),
  preferences: z.array(z.number().min(0)).optional(),
});

export type AlignedMtlSpec = z.infer<typeof schema>;

export interface AlignedMtlOptions {
  /**
   * The common squared length: the smallest, the median or the mean of the eigenvalues of G.
   * @default "min"
   */
  scale?: AlignedMtlSpec["scale"];
  /** w, `[M]`, in the order of the tasks; none negative. @default 1 each */
  preferences?: number[];
}

/**
 * Aligned-MTL (Senushkin, Patakin, Kuznetsov & Konushin, Independent Component Alignment for Multi-Task
 * Learning, CVPR 2023, Algorithm 1). With G = V diag(lambda) V^T and s the common squared length:
 *
 *     B = sqrt(s) V diag(lambda^(-1/2)) V^T;   alpha = B w
 *
 * The rows of B J are orthogonal and of length sqrt(s). Eigenvalues that float32 gradients cannot tell from
 * 0, at most max(lambda) M 2^-23, are left out of B and of s, as in the authors' code. w = 1 each is what
 * public code has; w = 1/M turns the sum into a mean. The median of an even number of eigenvalues is the
 * mean of the middle two.
 */
export function alignedMtl({ scale = "min", preferences }: AlignedMtlOptions = {}): AlignedMtlSpec {
  return { kind: "aligned-mtl", scale, ...(preferences && { preferences }) };
}

export const alignedMtlDefinition = defineMethod({
  schema,
  make: ({ scale, preferences }) => ({
    form: "weighting",
    needs: "gram",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant:
        preferences === undefined || "preferences stay in the tasks' order when tasks are renamed",
      oneTaskIsPlain: preferences === undefined || "the one weight is the user's",
      nonConflicting: "gradients are made orthogonal to each other, not to agree with the sum",
      scaleInvariant: "which directions are principal depends on the gradients' sizes",
      weightsSumToOne: "weights follow the eigenvalues",
      weightsSumToTasks: "weights follow the eigenvalues",
      nonNegativeWeights: "alignment may need a gradient's opposite",
    },
    init(taskCount) {
      if (preferences !== undefined) demandPerTask("preferences", preferences, taskCount);
      return {};
    },
    weigh: (state, step) =>
      weighPresent(state, step, (present) => ({ weights: align(present, scale, preferences) })),
  }),
});

function align(
  { gram, tasks }: Present,
  scale: AlignedMtlSpec["scale"],
  preferences: readonly number[] | undefined,
): Float64Array {
  const wanted = tasks.map((k) => preferences?.[k] ?? 1);
  const parts = spectrum(gram);
  const square = commonSquare[scale](parts.values);
  return applySpectrum(parts, (value) => Math.sqrt(square / value), wanted);
}

/** s of ascending eigenvalues. */
const commonSquare = {
  min: (values: readonly number[]) => values[0]!,
  median: (values: readonly number[]) =>
    (values[Math.floor((values.length - 1) / 2)]! + values[Math.floor(values.length / 2)]!) / 2,
  rmse: (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length,
};
