// Seeded gradients and losses for the conformance suite, changed in the ways that it asks about.
// Letters: M = tasks, P = length of the trunk.

import { drawsFor } from "../random/draws.ts";
import type { Method } from "./method.ts";
import { type Sample, startCourse, type Taken } from "./test-course.ts";

/** P. */
export const length = 7;

/** The steps that a method takes from a fresh start. */
export function run(method: Method, samples: readonly Sample[]): Taken[] {
  const taskCount = samples[0]!.losses.length;
  const options = { taskCount, length: samples[0]!.rows[0]!.length, seed: 1 };
  const course = startCourse(method, options);
  return samples.map((sample) => course.advance(sample));
}

export interface SamplesOptions {
  seed: number;
  taskCount: number;
  /** Enough for a third epoch, where the methods that wait for two have begun. @default 6 */
  count?: number;
  /** @default 1 */
  scale?: number;
}

/** Seeded gradients, and positive losses that fall by a tenth in each step. */
export function samplesOf({ seed, taskCount, count = 6, scale = 1 }: SamplesOptions): Sample[] {
  return Array.from({ length: count }, (_, step) => {
    const random = drawsFor({ seed, purpose: "test", step });
    const rows = Array.from({ length: taskCount }, () =>
      Float32Array.from({ length }, () => scale * random.normal()),
    );
    const losses = rows.map(() => 0.1 + random.uniform());
    const lossesAfter = losses.map((loss) => loss * (0.85 + 0.1 * random.uniform()));
    return { rows, losses, lossesAfter };
  });
}

export function reorder({ rows, losses, lossesAfter }: Sample, order: readonly number[]): Sample {
  return {
    rows: order.map((k) => rows[k]!),
    losses: order.map((k) => losses[k]!),
    lossesAfter: order.map((k) => lossesAfter[k]!),
  };
}

export function scaleTask(
  { rows, losses, lossesAfter }: Sample,
  task: number,
  factor: number,
): Sample {
  const scaled = (values: readonly number[]) =>
    values.map((value, k) => (k === task ? factor * value : value));
  return {
    rows: rows.map((row, k) => (k === task ? row.map((value) => factor * value) : row)),
    losses: scaled(losses),
    lossesAfter: scaled(lossesAfter),
  };
}
