import fc from "fast-check";
import { expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { arrayDataset } from "./array-dataset.ts";
import type { Batch } from "./dataset.ts";
import { subset } from "./subset.ts";

const draw = drawsFor({ seed: 0, purpose: "test" });
const inputs = Float32Array.from({ length: 100 }, (_, i) => i);
const whole = arrayDataset({ inputs, inputShape: [1], labels: { y: inputs } });

test("sample i of a subset is sample indices[i] of the whole", () => {
  const positions = fc.array(fc.nat(99), { minLength: 1 });
  fc.assert(
    fc.property(positions, fc.nat(), (indices, at) => {
      const part = subset(whole, indices);
      const position = at % indices.length;
      const batch = part.batch([position], { epoch: 0, training: false, draw }) as Batch;
      expect(part.size).toBe(indices.length);
      expect([batch.inputs[0], batch.labels.y![0]]).toEqual([indices[position], indices[position]]);
    }),
  );
});

test("a subset keeps shapes, augmentation and the context of a batch", () => {
  const contexts: unknown[] = [];
  const augmenting = {
    ...whole,
    augments: true,
    batch: (indices: ArrayLike<number>, context: Parameters<typeof whole.batch>[1]) => {
      contexts.push(context);
      return whole.batch(indices, context);
    },
  };
  const part = subset(augmenting, [4, 2]);
  const context = { epoch: 3, training: true, draw };
  void part.batch([0], context);
  expect(contexts[0]).toBe(context);
  expect([part.augments, part.inputShape, part.labelShapes]).toEqual([true, [1], { y: [] }]);
});
