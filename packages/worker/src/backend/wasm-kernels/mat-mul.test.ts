import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectSameOnWasm, filled, valuesOn } from "../../../test/compare-backends.ts";

const flags = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

/** Shape of a matrix `[rows, columns]`, or of its transpose. */
const laidOut = (transposed: boolean, [rows, columns]: [number, number]): number[] =>
  transposed ? [columns, rows] : [rows, columns];

describe("matMul on wasm", () => {
  for (const [transposeA, transposeB] of flags) {
    const name = `transposeA ${transposeA}, transposeB ${transposeB}`;

    test(`equals the cpu backend's for any sizes (${name})`, async () => {
      const size = fc.integer({ min: 1, max: 40 });
      await fc.assert(
        fc.asyncProperty(size, size, size, async (m, k, n) => {
          await expectSameOnWasm(() =>
            tf.matMul(
              filled(laidOut(transposeA, [m, k])),
              filled(laidOut(transposeB, [k, n]), 1),
              transposeA,
              transposeB,
            ),
          );
        }),
        { seed: 11, numRuns: 25 },
      );
    });

    test(`equals the cpu backend's in batches, small and large (${name})`, async () => {
      for (const size of [3, 33]) {
        for (const [left, right] of [
          [[4], [4]],
          [[1], [3]],
          [[3], [1]],
          [
            [2, 3],
            [2, 3],
          ],
        ] as const) {
          await expectSameOnWasm(() =>
            tf.matMul(
              filled([...left, ...laidOut(transposeA, [size, size + 2])]),
              filled([...right, ...laidOut(transposeB, [size + 2, size + 1])], 1),
              transposeA,
              transposeB,
            ),
          );
        }
      }
    });

    test(`with bias and activation equals the cpu backend's (${name})`, async () => {
      await expectSameOnWasm(() =>
        tf.fused.matMul({
          a: filled(laidOut(transposeA, [5, 7])),
          b: filled(laidOut(transposeB, [7, 3]), 1),
          transposeA,
          transposeB,
          bias: filled([3], 2),
          activation: "relu",
        }),
      );
    });
  }

  test("refuses sizes that do not fit, as tfjs does", async () => {
    await valuesOn("wasm", () => {
      const a = filled([2, 40, 40]);
      const b = filled([2, 41, 40]);
      expect(() => tf.matMul(a, b)).toThrow(/[Ii]nner shapes/);
      return [];
    });
  });

  test.each([{ sizes: [64, 64, 64, 64] }, { sizes: [1, 50, 64, 141] }])(
    "a dense layer's rows have the same bits in chunks of $sizes as in one of 256",
    async ({ sizes }) => {
      const [whole, ...chunks] = await valuesOn("wasm", () => {
        const dense = (x: tf.Tensor): tf.Tensor =>
          tf.fused.matMul({
            a: x,
            b: filled([100, 96], 1),
            bias: filled([96], 2),
            activation: "relu",
          });
        const inputs = filled([256, 100]);
        return [dense(inputs), ...tf.split(inputs, sizes).map(dense)];
      });
      expect(chunks.flatMap(({ values }) => [...values])).toEqual([...whole!.values]);
    },
  );

  // Chunks of 16 are multiplied the other way round, and transposed afterwards.
  test.each([16, 64])(
    "gradients of inputs have the same bits in chunks of %i rows as in one of 256",
    async (size) => {
      const [whole, ...chunks] = await valuesOn("wasm", () => {
        const weights = filled([100, 96], 1);
        const dy = filled([256, 96], 2) as tf.Tensor2D;
        const starts = Array.from({ length: 256 / size }, (_, i) => i * size);
        const parts = starts.map((from) =>
          tf.matMul(dy.slice([from, 0], [size, 96]), weights, false, true),
        );
        return [tf.matMul(dy, weights, false, true), ...parts];
      });
      expect(chunks.flatMap(({ values }) => [...values])).toEqual([...whole!.values]);
    },
  );
});
