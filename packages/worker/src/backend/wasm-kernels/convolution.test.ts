import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectSameOnWasm, filled, valuesOn } from "../../../test/compare-backends.ts";

type Padding = "same" | "valid" | number | tf.backend_util.ExplicitPadding;

interface Convolution {
  /** `[B, H, W, C]`. */
  input: [number, number, number, number];
  /** `[kh, kw, C, D]`, or for depthwise ones `[kh, kw, C, q]`. */
  filter: [number, number, number, number];
  strides: [number, number];
  pad: Padding;
}

/** Output, and both gradients of a sum over it that weighs every element differently. */
function results(operation: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor, c: Convolution) {
  return (): tf.Tensor[] => {
    const loss = (x: tf.Tensor, filter: tf.Tensor): tf.Scalar => {
      const y = operation(x as tf.Tensor4D, filter as tf.Tensor4D);
      return y.mul(filled(y.shape, 3)).sum();
    };
    return tf.grads(loss)([filled(c.input), filled(c.filter, 1)]);
  };
}

const plain = (c: Convolution) => results((x, f) => tf.conv2d(x, f, c.strides, c.pad), c);
const depthwise = (c: Convolution) =>
  results((x, f) => tf.depthwiseConv2d(x, f, c.strides, c.pad), c);

const cases: [string, Convolution][] = [
  ["3 x 3, same", { input: [5, 8, 7, 3], filter: [3, 3, 3, 4], strides: [1, 1], pad: "same" }],
  ["5 x 5, valid", { input: [2, 9, 9, 1], filter: [5, 5, 1, 6], strides: [1, 1], pad: "valid" }],
  ["2 x 4, same", { input: [3, 6, 9, 2], filter: [2, 4, 2, 3], strides: [1, 1], pad: "same" }],
  ["pointwise", { input: [3, 6, 5, 8], filter: [1, 1, 8, 4], strides: [1, 1], pad: "same" }],
  ["strided pointwise", { input: [2, 7, 7, 3], filter: [1, 1, 3, 4], strides: [2, 2], pad: 0 }],
  ["stride 2, same", { input: [2, 9, 8, 3], filter: [3, 3, 3, 2], strides: [2, 2], pad: "same" }],
  ["stride 2, rest", { input: [2, 10, 9, 2], filter: [3, 2, 2, 3], strides: [2, 2], pad: "valid" }],
  [
    "stride 3, large",
    { input: [1, 13, 13, 2], filter: [3, 3, 2, 2], strides: [3, 3], pad: "same" },
  ],
  ["explicit padding", { input: [2, 6, 6, 2], filter: [3, 3, 2, 2], strides: [1, 1], pad: 2 }],
  [
    "padding wider than the filter",
    {
      input: [2, 6, 6, 2],
      filter: [2, 2, 2, 2],
      strides: [1, 1],
      pad: [
        [0, 0],
        [3, 0],
        [1, 4],
        [0, 0],
      ],
    },
  ],
  [
    "uneven padding",
    {
      input: [2, 6, 7, 2],
      filter: [3, 3, 2, 2],
      strides: [2, 2],
      pad: [
        [0, 0],
        [0, 2],
        [1, 0],
        [0, 0],
      ],
    },
  ],
];

describe("gradients of conv2d on wasm equal the cpu backend's", () => {
  test.each(cases)("%s", async (_, c) => {
    await expectSameOnWasm(plain(c));
  });

  test("over more samples than one partial sum takes", async () => {
    await expectSameOnWasm(
      plain({ input: [11, 64, 64, 1], filter: [3, 3, 1, 2], strides: [1, 1], pad: "same" }),
    );
  });

  test("for any shapes, strides and paddings", async () => {
    await fc.assert(
      fc.asyncProperty(anyConvolution, async (c) => expectSameOnWasm(plain(c))),
      { seed: 5, numRuns: 60 },
    );
  });
});

describe("gradients of depthwiseConv2d on wasm equal the cpu backend's", () => {
  test.each(cases.filter(([name]) => name !== "padding wider than the filter"))(
    "%s",
    async (_, c) => {
      await expectSameOnWasm(depthwise(c));
    },
  );

  test("for any shapes, strides and paddings", async () => {
    await fc.assert(
      fc.asyncProperty(anyConvolution, async (c) => expectSameOnWasm(depthwise(c))),
      { seed: 6, numRuns: 60 },
    );
  });

  test("a dilated filter's are those of the filter with zeros between its taps", async () => {
    const [dilated, spread, dxDilated, dxSpread] = await valuesOn("wasm", () => {
      const x = filled([2, 7, 7, 3]) as tf.Tensor4D;
      const dy = filled([2, 3, 3, 3], 1) as tf.Tensor4D;
      const filter = filled([3, 3, 3, 1], 2) as tf.Tensor4D;
      const zeros = filter.pad([
        [0, 2],
        [0, 2],
        [0, 0],
        [0, 0],
      ]);
      const between = tf.gather(tf.gather(zeros, [0, 3, 1, 3, 2], 0), [0, 3, 1, 3, 2], 1);
      const wide = filterGradient({ x, dy }, [5, 5, 3, 1], 1);
      return [
        filterGradient({ x, dy }, [3, 3, 3, 1], 2),
        tf.gather(tf.gather(wide, [0, 2, 4], 0), [0, 2, 4], 1),
        inputGradient({ dy, filter }, [2, 7, 7, 3], 2),
        inputGradient({ dy, filter: between }, [2, 7, 7, 3], 1),
      ];
    });
    expect(dilated).toEqual(spread);
    expect(dxDilated).toEqual(dxSpread);
  });
});

test("images and their gradients have the same bits in any chunk", async () => {
  const c: Convolution = {
    input: [32, 9, 9, 3],
    filter: [3, 3, 3, 8],
    strides: [2, 2],
    pad: "same",
  };
  const [whole, wholeDx, ...chunks] = await valuesOn("wasm", () => {
    const filter = filled(c.filter, 1) as tf.Tensor4D;
    const forward = (x: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, filter, 2, "same");
    const both = (x: tf.Tensor): tf.Tensor[] => [forward(x), tf.grad(forward)(x)];
    return [filled(c.input), ...tf.split(filled(c.input), [1, 5, 8, 18])].flatMap(both);
  });
  const joined = (offset: number): number[] =>
    chunks.filter((_, i) => i % 2 === offset).flatMap(({ values }) => [...values]);
  expect(joined(0)).toEqual([...whole!.values]);
  expect(joined(1)).toEqual([...wholeDx!.values]);
});

test("channels first are refused on wasm with a sentence", async () => {
  await valuesOn("wasm", () => {
    const x = filled([1, 2, 5, 5]) as tf.Tensor4D;
    const dy = filled([1, 2, 5, 5]) as tf.Tensor4D;
    expect(() =>
      tf
        .engine()
        .runKernel(
          tf.Conv2DBackpropFilter,
          { x, dy },
          { strides: 1, pad: "same", dataFormat: "NCHW", filterShape: [3, 3, 2, 2] },
        ),
    ).toThrow(/channels last/);
    return [];
  });
});

function filterGradient(inputs: tf.NamedTensorMap, filterShape: number[], dilations: number) {
  const attrs = { strides: 1, pad: "valid", dilations, filterShape };
  return tf.engine().runKernel(tf.DepthwiseConv2dNativeBackpropFilter, inputs, attrs) as tf.Tensor;
}

function inputGradient(inputs: tf.NamedTensorMap, inputShape: number[], dilations: number) {
  const attrs = { strides: 1, pad: "valid", dilations, inputShape };
  return tf.engine().runKernel(tf.DepthwiseConv2dNativeBackpropInput, inputs, attrs) as tf.Tensor;
}

/** Small convolutions whose output is not empty. */
const anyConvolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.tuple(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    channels: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.integer({ min: 1, max: 3 }),
    pad: fc.constantFrom<Padding>("same", "valid"),
  })
  .map(
    ({ batch, size, kernel, channels, stride, pad }): Convolution => ({
      input: [batch, ...size, channels[0]],
      filter: [...kernel, ...channels],
      strides: [stride, stride],
      pad,
    }),
  );
