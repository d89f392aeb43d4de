// The properties that methods claim, as checks of numbers. A check fails where the method lacks the property
// on the given gradients.

import { expect } from "vitest";
import type { Method, Property } from "./method.ts";
import type { Sample } from "./test-course.ts";
import { reorder, run, scaleTask } from "./test-samples.ts";
import { expectClose } from "./test-views.ts";

export const checks: Record<Property, (method: Method, samples: Sample[]) => void> = {
  permutationEquivariant(method, samples) {
    const taskCount = samples[0]!.losses.length;
    const order = Array.from({ length: taskCount }, (_, k) => (k + 1) % taskCount);
    const renamed = run(
      method,
      samples.map((sample) => reorder(sample, order)),
    );
    run(method, samples).forEach(({ direction, weights }, t) => {
      expectParallel(renamed[t]!.direction, direction, 1);
      if (weights)
        expectClose(
          renamed[t]!.weights!,
          order.map((k) => weights[k]!),
          1e-5 * size(weights),
        );
    });
  },
  oneTaskIsPlain(method, samples) {
    run(method, samples).forEach(({ direction }, t) => {
      expectParallel(direction, samples[t]!.rows[0]!, 1);
    });
  },
  nonConflicting(method, samples) {
    run(method, samples).forEach(({ direction, rows }) => {
      for (const row of rows) {
        const product = inner(direction, row);
        expect(product).toBeGreaterThanOrEqual(-1e-6 * norm(direction) * norm(row));
      }
    });
  },
  scaleInvariant(method, samples) {
    const scaled = run(
      method,
      samples.map((sample) => scaleTask(sample, 0, 8)),
    );
    run(method, samples).forEach(({ direction }, t) => {
      expectParallel(scaled[t]!.direction, direction);
    });
  },
  weightsSumToOne: (method, samples) => expectSum(method, samples, 1),
  weightsSumToTasks: (method, samples) => expectSum(method, samples, samples[0]!.losses.length),
  nonNegativeWeights(method, samples) {
    for (const { weights } of run(method, samples)) {
      expect(Math.min(...weights!)).toBeGreaterThanOrEqual(0);
    }
  },
};

function expectSum(method: Method, samples: Sample[], wanted: number): void {
  for (const { weights } of run(method, samples)) {
    expect(weights!.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(wanted, 6);
  }
}

/** `found` is `wanted` times `factor`, or times any positive factor, within 1e-5 of its length. */
function expectParallel(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  factor = norm(found) / norm(wanted),
): void {
  const scaled = Array.from(wanted, (value) => value * factor);
  expectClose(found, scaled, 1e-5 * Math.max(norm(scaled), norm(found), Number.MIN_VALUE));
}

function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function norm(vector: ArrayLike<number>): number {
  return Math.sqrt(inner(vector, vector));
}

function size(weights: readonly number[]): number {
  return Math.max(...weights.map(Math.abs));
}
