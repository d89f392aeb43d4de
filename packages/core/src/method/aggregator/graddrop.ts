// GradDrop: at each coordinate only the gradients of one sign count, drawn by how much agrees with it.
// Letters: M = tasks, P = length of the trunk.

import { z } from "zod";
import { defineMethod } from "../definition.ts";

const schema = z.strictObject({
  kind: z.literal("graddrop"),
  leak: z.number().min(0).max(1).default(0),
});

export type GraddropSpec = z.infer<typeof schema>;

export interface GraddropOptions {
  /** Share of the dropped gradients that counts all the same; 1 is the plain sum. @default 0 */
  leak?: number;
}

/**
 * Gradient sign dropout (Chen, Ngiam, Huang, Luong, Kretzschmar, Chai & Anguelov, Just Pick a Sign:
 * Optimizing Deep Multitask Models with Gradient Sign Dropout, NeurIPS 2020, eq. 1 and Algorithm 1). At each
 * coordinate, with S+ the sum of the positive gradients and S- the size of the negative ones' sum:
 *
 *     p = S+ / (S+ + S-)  ( = (1 + sum g / sum |g|) / 2 ),   u uniform over [0, 1)
 *     kept = S+ if u < p, else -S-;   d = leak (S+ - S-) + (1 - leak) kept
 *
 * One number is drawn per coordinate, in their order, from the step's own stream. Departures: the paper drops
 * gradients of the shared representation, with the signs of its inputs; tasks with data of their own share
 * no representation, so parameters' gradients are dropped, as in public implementations. One leak serves
 * all tasks.
 */
export function graddrop({ leak = 0 }: GraddropOptions = {}): GraddropSpec {
  return { kind: "graddrop", leak };
}

export const graddropDefinition = defineMethod({
  schema,
  make: ({ leak }) => ({
    form: "aggregator",
    needs: "rows",
    learns: "nothing",
    scaleHeads: false,
    normalise: "none",
    claims: {
      permutationEquivariant: true,
      oneTaskIsPlain: true,
      nonConflicting: "each coordinate's sign is drawn, so any task may lose",
      scaleInvariant: "a task counts by the size of its gradient",
      weightsSumToOne: "there are no weights: each coordinate is decided alone",
      weightsSumToTasks: "there are no weights: each coordinate is decided alone",
      nonNegativeWeights: "there are no weights: each coordinate is decided alone",
    },
    init: () => ({ arrays: {}, scalars: {} }),
    aggregate(_state, rows, { random }, direction) {
      for (let i = 0; i < direction.length; i++) {
        let up = 0;
        let down = 0;
        for (const row of rows) {
          if (row[i]! > 0) up += row[i]!;
          else down -= row[i]!;
        }
        // Not u < up / (up + down): that is 0 / 0 where all gradients are zero.
        const kept = random.uniform() * (up + down) < up ? up : -down;
        direction[i] = leak * (up - down) + (1 - leak) * kept;
      }
    },
  }),
});
