import { describe, expect, test } from "vitest";
import { type MethodSpec, methodOf, methodSchema } from "../registry.ts";
import { expectClose, goldenRows, unshuffled, weighOnce, weightingOf } from "../test-views.ts";
import { crMogm } from "./cr-mogm.ts";
import { ew } from "./ew.ts";
import { gradvac } from "./gradvac.ts";
import { nashMtl } from "./nash-mtl.ts";
import { pcgrad } from "./pcgrad.ts";

const peaceful = [
  [1, 0],
  [0, 1],
];
const hostile = [
  [1, 0],
  [-2, 2],
];

describe("cr-mogm", () => {
  test("the first step is the inner method's, later ones move a tenth of the way", () => {
    const method = methodOf(crMogm(pcgrad()));
    const first = weighOnce(method, peaceful);
    expect(first.weights).toEqual([1, 1]);
    const second = weighOnce(method, hostile, { state: first.state });
    expectClose(second.weights, [0.9 + 0.3, 0.9 + 0.125], 1e-12);
    const third = weighOnce(method, peaceful, { state: second.state });
    expectClose(third.weights, [0.9 * 1.2 + 0.1, 0.9 * 1.025 + 0.1], 1e-12);
  });

  test("the inner method keeps a state of its own", () => {
    const method = methodOf(crMogm(gradvac(), { smoothing: 0 }));
    const inner = methodOf(gradvac());
    const first = weighOnce(method, goldenRows, { random: unshuffled });
    const second = weighOnce(method, goldenRows, { random: unshuffled, state: first.state });
    const plain = weighOnce(inner, goldenRows, { random: unshuffled });
    const plainSecond = weighOnce(inner, goldenRows, { random: unshuffled, state: plain.state });
    expect(second.weights).toEqual(plainSecond.weights);
    expect(second.state["of.targets"]).toEqual(plainSecond.state.targets);
  });

  test("takes needs and scales from the inner method, and is never computed by workers alone", () => {
    expect(methodOf(crMogm(nashMtl()))).toMatchObject({ needs: "gram", scaleHeads: true });
    expect(weightingOf(methodOf(crMogm(ew()))).learns).toBe("losses");
  });

  test("what the inner method reports is reported", () => {
    const { fallback } = weighOnce(methodOf(crMogm(pcgrad())), [[1], [0]]);
    expect(fallback).toMatchObject({ kind: "zeroGradient", tasks: [1] });
  });

  test.each<[string, object]>([
    ["an aggregator", { kind: "graddrop" }],
    ["itself", { kind: "cr-mogm", of: { kind: "ew" } }],
    ["an unknown method", { kind: "none" }],
  ])("cannot smooth %s", (_, of) => {
    expect(methodSchema.safeParse({ kind: "cr-mogm", of }).success).toBe(false);
  });

  test("defaults are filled in, of the inner method too", () => {
    const spec: MethodSpec = methodSchema.parse({ kind: "cr-mogm", of: { kind: "gradvac" } });
    expect(spec).toEqual(crMogm(gradvac()));
  });
});
