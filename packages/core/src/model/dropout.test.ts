import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { type DrawContext, type RowSegment, withDraws } from "./draw-context.ts";
import { dropout, numberDropouts, TrunklineDropout } from "./dropout.ts";
import { tensorsLeftBy } from "./test-networks.ts";

const width = 8;

function contextOf(segments: RowSegment[], change: Partial<DrawContext> = {}): DrawContext {
  return { seed: 5, block: "trunk", epoch: 1, step: 2, segments, ...change };
}

/** What a layer makes of a batch of ones: its mask. */
function maskOf(context: DrawContext, layer = dropout({ rate: 0.5 })): number[][] {
  const rows = context.segments.reduce((sum, segment) => sum + segment.rows, 0);
  return tf.tidy(() => {
    const ones = tf.ones([rows, width]);
    const output = withDraws(context, () => layer.apply(ones, { training: true })) as tf.Tensor2D;
    return output.arraySync();
  });
}

test("a mask is a function of seed, block, epoch, step, task and layer", () => {
  const segments = [{ task: "left", rows: 4 }];
  const mask = maskOf(contextOf(segments));
  expect(maskOf(contextOf(segments))).toEqual(mask);
  for (const change of [{ seed: 6 }, { block: "head" }, { epoch: 2 }, { step: 3 }]) {
    expect(maskOf(contextOf(segments, change))).not.toEqual(mask);
  }
  expect(maskOf(contextOf([{ task: "right", rows: 4 }]))).not.toEqual(mask);
  const second = dropout({ rate: 0.5 });
  second.ordinal = 1;
  expect(maskOf(contextOf(segments), second)).not.toEqual(mask);
});

test("rows of a task get the same mask whoever else is in the pass", () => {
  const left = { task: "left", rows: 3 };
  const right = { task: "right", rows: 4 };
  const together = maskOf(contextOf([left, right]));
  expect(together.slice(0, 3)).toEqual(maskOf(contextOf([left])));
  expect(together.slice(3)).toEqual(maskOf(contextOf([right])));
});

test("a slice of a batch gets its rows of the whole batch's mask", () => {
  const whole = maskOf(contextOf([{ task: "", rows: 6 }]));
  const slice = maskOf(contextOf([{ task: "", rows: 2, firstRow: 3 }]));
  expect(slice).toEqual(whole.slice(3, 5));
});

test("values are dropped at the rate and the rest scaled so that the mean stays", () => {
  const values = maskOf(contextOf([{ task: "", rows: 2000 }]), dropout({ rate: 0.2 })).flat();
  expect(new Set(values)).toEqual(new Set([0, 1.25]));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // Standard deviation of the mean of 16000 such values: 0.5 / sqrt(16000) = 0.004.
  expect(Math.abs(mean - 1)).toBeLessThan(0.016);
});

test("inference and a rate of 0 pass everything through", () => {
  tf.tidy(() => {
    const x = tf.range(0, 6).reshape([2, 3]);
    const inference = dropout({ rate: 0.9 }).apply(x, { training: false }) as tf.Tensor;
    const nothing = dropout({ rate: 0 }).apply(x, { training: true }) as tf.Tensor;
    expect(inference.arraySync()).toEqual(x.arraySync());
    expect(nothing.arraySync()).toEqual(x.arraySync());
  });
});

test("training outside of a draw context is an error that says what to do", () => {
  const x = tf.ones([1, 1]);
  expect(() => dropout({ rate: 0.5 }).apply(x, { training: true })).toThrow(
    /outside of a training/,
  );
  x.dispose();
});

test("a rate outside of [0, 1) is refused", () => {
  for (const rate of [-0.1, 1, Number.NaN]) {
    expect(() => dropout({ rate })).toThrow(/should be at least 0 and less than 1/);
  }
});

test("the context of an outer scope returns, also after a throw", () => {
  const outer = contextOf([{ task: "left", rows: 2 }]);
  const expected = maskOf(outer);
  const layer = dropout({ rate: 0.5 });
  const found = withDraws(outer, () => {
    expect(() =>
      withDraws(contextOf([]), () => {
        throw new Error("inner");
      }),
    ).toThrow("inner");
    return tf.tidy(() =>
      (layer.apply(tf.ones([2, width]), { training: true }) as tf.Tensor).arraySync(),
    );
  });
  expect(found).toEqual(expected);
});

test("dropout layers of a model are numbered, so that their masks differ", () => {
  const layers = [dropout({ rate: 0.5, inputShape: [2] }), dropout({ rate: 0.5 })];
  const model = tf.sequential({ layers });
  numberDropouts(model);
  expect(layers.map((layer) => layer.ordinal)).toEqual([0, 1]);
  model.dispose();
});

test("the layer survives saving and loading of its configuration", () => {
  const config = dropout({ rate: 0.25, name: "mine" }).getConfig();
  const again = TrunklineDropout.fromConfig(
    TrunklineDropout as unknown as tf.serialization.SerializableConstructor<TrunklineDropout>,
    config,
  );
  expect(again).toMatchObject({ rate: 0.25, name: "mine" });
});

test("no tensor is left behind", async () => {
  expect(await tensorsLeftBy(() => maskOf(contextOf([{ task: "", rows: 4 }])))).toBe(0);
});
