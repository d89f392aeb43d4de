import { describe, expect, test } from "vitest";
import { noiseRow, runTransform } from "../test-transforms.ts";
import { expectClose } from "../test-views.ts";
import { rootTransform } from "./root-transform.ts";

const kinds = [
  ["AdaGrad", { keep: 1, take: 1 }],
  ["RMSProp", { keep: 0.9, take: 1 - 0.9 }],
] as const;

describe.each(kinds)("%s's step", (_, constants) => {
  const exact = rootTransform({ ...constants, epsilon: 0 });

  test("is the same to the bit where the gradient is multiplied by 1024, without epsilon", () => {
    const rows = [1, 2, 3].map((seed) => noiseRow(9, seed).map(Math.fround));
    const scaled = rows.map((row) => row.map((g) => 1024 * g));
    const wanted = runTransform(exact, { rows }).rows;
    expect(runTransform(exact, { rows: scaled }).rows).toEqual(wanted);
  });

  test("is 0 where no gradient ever was", () => {
    const { rows } = runTransform(exact, { rows: [[0], [0]] });
    expect(rows.map((row) => row[0])).toEqual([0, 0]);
  });

  test("leaves absent blocks and their squares alone", () => {
    const blocks = [
      { from: 0, to: 1, present: true },
      { from: 1, to: 2, present: false },
    ];
    const { rows, state } = runTransform(exact, {
      rows: [
        [2, 2],
        [2, 0],
      ],
      blocks: [undefined, blocks],
    });
    const once = runTransform(exact, { rows: [[2, 2]] }).state;
    expect(rows[1]![1]).toBe(0);
    expect(state.arrays.s![1]).toBe(once.arrays.s![1]);
    expect(state.arrays.s![0]).not.toBe(once.arrays.s![0]);
  });
});

test("epsilon stands outside of the root", () => {
  const { rows } = runTransform(rootTransform({ keep: 1, take: 1, epsilon: 0.5 }), { rows: [[2]] });
  expectClose(rows[0]!, [0.8], 1e-7);
});
