import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { expectSameOnWasm, filled, valuesOn } from "../../../test/compare-backends.ts";

const sizes: Readonly<Record<string, number>> = { b: 3, h: 2, i: 4, j: 5, k: 6, l: 7 };

const equations = [
  "ij,jk->ik",
  "ij,kj->ki",
  "bij,bjk->bik",
  "bhik,bhjk->bhij",
  "bihk,bjhk->bhij",
  "ij,ij->ij",
  "ij,ij->",
  "i,j->ij",
  "i,j->ji",
  "ij,j->i",
  "ijk,lj->ilk",
  "b,bi->i",
  "ij->ji",
  "ij->ij",
  "ij->i",
  "ij->",
  "ijk->ki",
  " ij , jk -> ik ",
];

const operands = (equation: string): tf.Tensor[] =>
  (equation.split("->")[0] ?? "")
    .replace(/\s/g, "")
    .split(",")
    .map((labels, salt) =>
      filled(
        [...labels].map((label) => sizes[label]!),
        salt,
      ),
    );

describe("einsum on wasm equals the cpu backend's", () => {
  test.each(equations)("%s", async (equation) => {
    await expectSameOnWasm(() => tf.einsum(equation, ...operands(equation)));
  });
});

test("einsum on wasm sums axes of either term first, where the cpu backend fails", async () => {
  const [found, wanted] = await valuesOn("wasm", () => {
    const [a, b] = [filled([2, 3]), filled([4, 5], 1)];
    return [tf.einsum("ij,kl->ik", a, b), tf.outerProduct(a.sum(1), b.sum(1))];
  });
  expect(found).toEqual(wanted);
});

test("einsum on wasm leaves its arguments as they were", async () => {
  const [before, after] = await valuesOn("wasm", () => {
    const a = filled([4, 4]);
    const copy = a.add(0);
    tf.einsum("ij->ij", a).dispose();
    tf.einsum("ij,ij->ij", a, a).dispose();
    return [copy, a];
  });
  expect(after).toEqual(before);
});

test("einsum on wasm refuses sizes that differ and integers", async () => {
  await valuesOn("wasm", () => {
    expect(() => tf.einsum("ij,jk->ik", filled([2, 3]), filled([4, 5]))).toThrow(/dimension/);
    expect(() => tf.einsum("i->", tf.tensor1d([1, 2], "int32"))).toThrow(/float32/);
    return [];
  });
});
